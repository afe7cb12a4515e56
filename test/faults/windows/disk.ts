import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_WITH_SMALL_DISK } from '../conductor/stand.js';
import type { FaultWindow, Scene } from './fault-window.js';

const NOTICED_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 200;
const AWAY_MS = 4_000;

/** A broker that cannot write any more ends itself. */
const ends = async ({ kafka }: Scene, node: number): Promise<boolean> => {
  const deadline = performance.now() + NOTICED_WITHIN_MS;
  while (kafka.pid(node) !== undefined && performance.now() < deadline) await sleep(LOOK_EVERY_MS);
  return kafka.pid(node) === undefined;
};

/** The disk of a broker is full. */
export const DISK_WINDOWS: readonly FaultWindow[] = [
  {
    name: 'the disk of a broker is full, and the broker ends',
    needs: ['brokers', 'disk'],
    promise: { movesPartitions: true },
    happen: async (scene) => {
      const { stand, happened, crashed } = scene;
      const bytes = stand.disk.fill();
      crashed(3);
      happened(`${Math.round(bytes / 1024 / 1024)} MiB were taken`, bytes > 0);
      happened('the broker has ended', await ends(scene, NODE_WITH_SMALL_DISK));
      await sleep(AWAY_MS);
      stand.disk.empty();
    },
  },
];
