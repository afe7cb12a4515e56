import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultWindow, Scene } from './fault-window.js';

const AWAY_MS = 8_000;

const killed = async ({ kafka, happened }: Scene, node: number, awayMs = AWAY_MS): Promise<void> => {
  await kafka.kill(node);
  happened(`broker ${node} is gone`, kafka.pid(node) === undefined);
  await sleep(awayMs);
  await kafka.startNode(node);
};

/** What happens to brokers. */
export const BROKER_WINDOWS: readonly FaultWindow[] = [
  {
    name: 'all brokers are restarted, one after the other',
    isShort: true,
    needs: ['brokers'],
    happen: async ({ kafka, stand, happened }) => {
      for (let node = 1; node <= kafka.nodes; node++) {
        const before = kafka.pid(node);
        await kafka.stopNode(node);
        await kafka.startNode(node);
        happened(`broker ${node} was restarted`, kafka.pid(node) !== before);
        await stand.inSync();
      }
    },
  },
  {
    name: 'the leader of a request partition is killed',
    isShort: true,
    needs: ['brokers'],
    happen: async (scene) => killed(scene, await scene.someLeader(scene.cast.requests)),
  },
  {
    name: 'the coordinator of the group is killed',
    isShort: true,
    needs: ['brokers'],
    happen: async (scene) => killed(scene, await scene.coordinator()),
  },
];
