import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchmarkContext } from '../benchmark.js';
import type { BenchBroker } from '../broker/bench-broker.js';
import type { BrokerRequests } from '../fleet/counted-sockets.js';
import { startClients, startServer } from '../fleet/fleet.js';
import { cpuSecondsOf } from '../measure/cpu.js';
import { inTurns, type Measures, type Row } from '../measure/turns.js';

/** Servers, and as many clients, each in a process of its own. */
const SIZES = { full: [1, 4, 10], quick: [1, 2] } as const;
/** More than the largest fleet has servers: each reads some. */
const PARTITIONS = 16;
/** Until the last rebalance is over, and what was compiled and collected for it. */
const SETTLE_MS = { full: 10_000, quick: 3_000 };
const WINDOW_SECONDS = { full: 10, quick: 3 };

/** A server or a client. */
interface FleetProcess {
  ask(command: 'requests', nothing: null): Promise<BrokerRequests>;
  stop(): Promise<void>;
}

/** What fleets ask of a broker while nobody calls: what grows with each process and server, whatever they do. */
export async function fleetsAtRest(broker: BenchBroker, context: BenchmarkContext): Promise<Row[]> {
  const { options, progress } = context;
  const size = options.quick ? 'quick' : 'full';
  const settings = { ...broker, fleet: 'rest', partitions: PARTITIONS, countsRequests: true };
  const fleet: FleetProcess[] = [];
  const rows: Row[] = [];
  for (const count of SIZES[size]) {
    progress(`A fleet of ${count} servers and ${count} clients comes to rest`);
    while (fleet.length < count * 2) {
      fleet.push(await startServer(settings, context));
      fleet.push(await startClients({ ...settings, clients: 1 }, context));
    }
    await sleep(SETTLE_MS[size]);
    const variant = {
      labels: { servers: count, clients: count },
      measure: () => watch(fleet, broker.pid, WINDOW_SECONDS[size]),
    };
    rows.push(...(await inTurns([variant], options.rounds, progress)));
  }
  for (const process of fleet) await process.stop();
  return rows;
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
