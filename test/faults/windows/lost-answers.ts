import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaApi } from '../../support/kafka-api.js';
import type { ActiveRule } from '../../support/faulty-network.js';
import type { FaultWindow, Scene } from './fault-window.js';

/** Requests that are made all the time, and those that are made when something begins or ends. */
const STEADY: readonly KafkaApi[] = ['Produce', 'Fetch', 'Heartbeat', 'OffsetCommit'];
const AT_TIMES: readonly KafkaApi[] = [
  'ApiVersions',
  'Metadata',
  'FindCoordinator',
  'JoinGroup',
  'SyncGroup',
  'LeaveGroup',
  'OffsetFetch',
  'ListOffsets',
  'InitProducerId',
];

const HAPPENS_WITHIN_MS = 20_000;
const LASTS_MS = 8_000;

/** So many answers are lost one after the other. */
const lost = (api: KafkaApi): number => (STEADY.includes(api) ? 5 : 2);

/** Has every request made that is made when something begins or ends. */
const beginAndEnd = async ({ cast, network }: Scene): Promise<void> => {
  network.reset();
  const [oldest] = cast.servers;
  const client = await cast.startClient();
  await client.ask('start', 20);
  await cast.startServer();
  await oldest?.stop();
};

const until = async (rule: ActiveRule, count: number): Promise<void> => {
  const deadline = performance.now() + HAPPENS_WITHIN_MS;
  while (rule.done < count && performance.now() < deadline) await sleep(100);
};

const loss = (api: KafkaApi, fate: 'cut' | 'swallow'): FaultWindow => ({
  name: `answers to ${api} are lost${fate === 'cut' ? ', with their connection' : '; the connection stays'}`,
  promise: { movesPartitions: true },
  happen: async (scene) => {
    let left = fate === 'cut' ? lost(api) : 1;
    const wanted = left;
    const rule = scene.network.add({ api, way: 'answer', fate: () => (left-- > 0 ? fate : 'pass') });
    // Whoever waits for the answer to a heartbeat or a commit that does not come may miss its session.
    if (fate === 'swallow') scene.crashed(1);
    if (STEADY.includes(api)) await sleep(LASTS_MS);
    else await beginAndEnd(scene);
    await until(rule, 1);
    scene.happened(`${rule.done} of ${wanted} answers were lost`, rule.done > 0);
    rule.end();
  },
});

/** Answers lost, for each request of the group and produce protocols. The broker has done what was asked, and nobody knows. */
export const LOST_ANSWER_WINDOWS: readonly FaultWindow[] = [
  {
    name: 'answers to Produce are lost, 1 in 10',
    isShort: true,
    happen: async ({ network, random, happened }) => {
      const rule = network.loseOneIn(10, { api: 'Produce', way: 'answer', fate: 'cut', random });
      await sleep(LASTS_MS);
      happened(`${rule.done} answers were lost`, rule.done > 10);
      rule.end();
    },
  },
  {
    name: 'requests to Produce are lost, 1 in 4',
    happen: async ({ network, random, happened }) => {
      const rule = network.loseOneIn(4, { api: 'Produce', way: 'request', fate: 'cut', random });
      await sleep(LASTS_MS);
      happened(`${rule.done} requests were lost`, rule.done > 10);
      rule.end();
    },
  },
  ...[...STEADY, ...AT_TIMES].map((api) => loss(api, 'cut')),
  ...[...STEADY, ...AT_TIMES].map((api) => loss(api, 'swallow')),
];
