import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultWindow, Scene } from './fault-window.js';

const AWAY_MS = 8_000;
/** Past `broker.session.timeout.ms` of the suite's brokers. */
const PAST_SESSION_MS = 10_000;
const MOVES = 4;

const kill = async ({ kafka, happened }: Scene, nodes: readonly number[]): Promise<void> => {
  await Promise.all(nodes.map((node) => kafka.kill(node)));
  happened(
    `broker ${nodes.join(' and ')} gone`,
    nodes.every((node) => kafka.pid(node) === undefined),
  );
};

const start = async ({ kafka }: Scene, nodes: readonly number[]): Promise<void> => {
  await Promise.all(nodes.map((node) => kafka.startNode(node)));
};

const killFor = async (scene: Scene, nodes: readonly number[], awayMs = AWAY_MS): Promise<void> => {
  await kill(scene, nodes);
  await sleep(awayMs);
  await start(scene, nodes);
};

/** So many nodes, by chance. */
const some = ({ kafka, random }: Scene, count: number): number[] => {
  const first = random.integer(kafka.nodes);
  return Array.from({ length: count }, (_, i) => 1 + ((first + i) % kafka.nodes));
};

const standStill = async ({ kafka, happened }: Scene, node: number, forMs: number): Promise<void> => {
  kafka.pause(node);
  await sleep(forMs);
  happened(`broker ${node} stood still for ${forMs} ms`, kafka.pid(node) !== undefined);
  kafka.resume(node);
  await sleep(2_000);
};

const leadersMove = async ({ stand, happened }: Scene, topics: readonly string[]): Promise<void> => {
  const before = stand.leaders.moved;
  for (let i = 0; i < MOVES; i++) {
    await stand.leaders.move(topics);
    await sleep(2_000);
  }
  const moved = stand.leaders.moved - before;
  happened(`${moved} leaders moved`, moved >= MOVES);
};

const FAULTS: readonly FaultWindow[] = [
  {
    name: 'all brokers are restarted, one after the other',
    isShort: true,
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
    happen: async (scene) => killFor(scene, [await scene.someLeader(scene.cast.requests)]),
  },
  {
    name: 'the leader of a reply partition is killed',
    happen: async (scene) => killFor(scene, [await scene.someLeader(scene.cast.replies)]),
  },
  {
    name: 'the coordinator of the group is killed',
    isShort: true,
    happen: async (scene) => killFor(scene, [await scene.coordinator()]),
  },
  {
    name: 'the coordinator of the group is restarted in order',
    happen: async (scene) => {
      const node = await scene.coordinator();
      const before = scene.kafka.pid(node);
      await scene.kafka.stopNode(node);
      await scene.kafka.startNode(node);
      scene.happened(`broker ${node} was restarted`, scene.kafka.pid(node) !== before);
    },
  },
  {
    name: 'two brokers of three are killed: there is no majority',
    promise: { failures: 'typed', movesPartitions: true },
    happen: (scene) => {
      scene.crashed(3);
      return killFor(scene, some(scene, 2));
    },
  },
  {
    name: 'two brokers of three are stopped in order: too few replicas are in sync',
    promise: { failures: 'typed', movesPartitions: true },
    happen: async (scene) => {
      const nodes = some(scene, 2);
      scene.crashed(3);
      for (const node of nodes) await scene.kafka.stopNode(node);
      scene.happened(
        'one broker is left',
        nodes.every((node) => scene.kafka.pid(node) === undefined),
      );
      await sleep(3_000);
      await start(scene, nodes);
    },
  },
  {
    name: 'all brokers are killed',
    promise: { failures: 'typed', movesPartitions: true },
    happen: (scene) => {
      scene.crashed(3);
      return killFor(scene, some(scene, 3), 2_000);
    },
  },
  {
    name: 'a broker stands still past its session',
    promise: { movesPartitions: true },
    happen: (scene) => standStill(scene, some(scene, 1)[0] ?? 1, PAST_SESSION_MS),
  },
  {
    name: 'the coordinator of the group stands still past its session',
    promise: { movesPartitions: true },
    happen: async (scene) => {
      scene.crashed(3);
      await standStill(scene, await scene.coordinator(), PAST_SESSION_MS);
    },
  },
  {
    name: 'a broker stands still for 3 s',
    happen: (scene) => standStill(scene, some(scene, 1)[0] ?? 1, 3_000),
  },
  {
    name: 'the leaders of requests and replies move',
    happen: (scene) => leadersMove(scene, [scene.cast.requests, scene.cast.replies]),
  },
  {
    name: 'the coordinators of groups move',
    happen: (scene) => leadersMove(scene, ['__consumer_offsets']),
  },
];

/** What happens to brokers. */
export const BROKER_WINDOWS: readonly FaultWindow[] = FAULTS.map((window) => ({
  ...window,
  needs: ['brokers'],
}));
