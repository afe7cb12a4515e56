import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchmarkContext } from '../benchmark.js';
import type { BenchBroker } from '../broker/bench-broker.js';
import type { BrokerRequests } from '../fleet/counted-sockets.js';
import { startClients, startServers } from '../fleet/fleet.js';
import { cpuSecondsOf } from '../measure/cpu.js';
import { inTurns, type Measures, type Row } from '../measure/turns.js';

/** Servers, and as many clients, and the partitions of their requests and replies: each server reads some, each client its own. */
const SIZES = {
  full: [
    { count: 1, partitions: 16 },
    { count: 10, partitions: 16 },
    { count: 100, partitions: 128 },
    { count: 1_000, partitions: 1_024 },
  ],
  quick: [
    { count: 1, partitions: 16 },
    { count: 2, partitions: 16 },
  ],
} as const;
/** Of one process, each with a connection of its own: ten processes of one kind are what the machine has room for. */
const MOST_PROCESSES = 10;
/** Until the last rebalance is over, and what was compiled and collected for it. */
const SETTLE_MS = { full: 20_000, quick: 3_000 };
const WINDOW_SECONDS = { full: 10, quick: 3 };
/** They count what is the same each time. */
const MOST_ROUNDS = 3;

/** A process with some of the servers, or of the clients. */
interface FleetProcess {
  ask(command: 'requests', nothing: null): Promise<BrokerRequests>;
  stop(): Promise<void>;
}

type Size = (typeof SIZES)[keyof typeof SIZES][number];

/** What fleets ask of a broker while nobody calls: what grows with each process and server, whatever they do. */
export async function fleetsAtRest(broker: BenchBroker, context: BenchmarkContext): Promise<Row[]> {
  const { options, progress } = context;
  const kind = options.quick ? 'quick' : 'full';
  const rows: Row[] = [];
  for (const size of SIZES[kind]) {
    progress(`A fleet of ${size.count} servers and ${size.count} clients comes to rest`);
    const startedAt = performance.now();
    const fleet = await startFleet(size, broker, context);
    const startSeconds = (performance.now() - startedAt) / 1_000;
    progress(`It has answered ${size.count} clients, ${startSeconds.toFixed(1)} s after its start`);
    await sleep(SETTLE_MS[kind]);
    const variant = {
      labels: { servers: size.count, clients: size.count },
      measure: () => watch(fleet, broker.pid, WINDOW_SECONDS[kind]),
    };
    rows.push(...(await inTurns([variant], Math.min(options.rounds, MOST_ROUNDS), progress)));
    await Promise.all(fleet.map((process) => process.stop()));
  }
  return rows;
}

async function startFleet(
  { count, partitions }: Size,
  broker: BenchBroker,
  context: BenchmarkContext,
): Promise<readonly FleetProcess[]> {
  const each = Math.ceil(count / MOST_PROCESSES);
  const processes = Array.from({ length: count / each });
  const settings = {
    ...broker,
    fleet: `rest-${count}`,
    partitions,
    replyPartitions: partitions,
    countsRequests: true,
  };
  const servers = await Promise.all(
    processes.map(() => startServers({ ...settings, servers: each }, context)),
  );
  const clients = await Promise.all(
    processes.map(() => startClients({ ...settings, clients: each }, context)),
  );
  return [...servers, ...clients];
}

async function watch(
  fleet: readonly FleetProcess[],
  brokerPid: number | undefined,
  seconds: number,
): Promise<Measures> {
  const before = await requestsOf(fleet);
  const cpuBefore = await cpuSecondsOf(brokerPid);
  await sleep(seconds * 1_000);
  const after = await requestsOf(fleet);
  const cpuAfter = await cpuSecondsOf(brokerPid);
  const perSecond = (what: keyof BrokerRequests): number => (after[what] - before[what]) / seconds;
  return {
    fetchesPerSecond: perSecond('fetches'),
    heartbeatsPerSecond: perSecond('heartbeats'),
    othersPerSecond: perSecond('others'),
    connections: after.connections,
    ...(cpuBefore !== undefined &&
      cpuAfter !== undefined && { brokerPercent: ((cpuAfter - cpuBefore) / seconds) * 100 }),
  };
}

async function requestsOf(fleet: readonly FleetProcess[]): Promise<BrokerRequests> {
  const each = await Promise.all(fleet.map((process) => process.ask('requests', null)));
  const sum = (what: keyof BrokerRequests): number => each.reduce((total, one) => total + one[what], 0);
  return {
    fetches: sum('fetches'),
    heartbeats: sum('heartbeats'),
    others: sum('others'),
    connections: sum('connections'),
  };
}
