import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchmarkContext } from '../benchmark.js';
import type { BenchBroker } from '../broker/bench-broker.js';
import { ClientGroup, GROUP_WARM_UP_SECONDS } from '../fleet/client-group.js';
import { FIRST_LOAD, startServer, type FleetServer } from '../fleet/fleet.js';
import { progressLine, rowOf, type Measures, type Row } from '../measure/turns.js';

/** Calls at once of all clients together: what is the peak of one client is too little to keep fifty busy. */
const LEVELS = [1_000, 5_000, 10_000] as const;
export const CLIENTS = [1, 10, 50] as const;
export const MOST_SERVERS = { full: 4, quick: 2 };
const CLIENT_PROCESSES = 2;
/** Until a new server has its partitions. */
const REBALANCE_MS = { full: 3_000, quick: 1_000 };
const WARM_UP_SECONDS = { full: 2, quick: 0.5 };
const SUM = { kind: 'sum' } as const;

/**
 * The peak of one to four servers with one, ten and fifty clients: the best of three numbers of calls at once. Round by round
 * the servers come one after the other and go again, so that every size has its part of the machine's good and bad minutes.
 */
export async function fleetsOfAllSizes(broker: BenchBroker, context: BenchmarkContext): Promise<Row[]> {
  const { options, progress } = context;
  const settings = { ...broker, fleet: 'sizes' };
  const first = await startServer(settings, context);
  const groups = new Map<number, ClientGroup>();
  for (const clients of CLIENTS) {
    progress(`Starting ${clients} clients`);
    const processes = Math.min(clients, CLIENT_PROCESSES);
    groups.set(clients, await ClientGroup.start({ ...settings, clients }, processes, context));
  }
  for (const group of groups.values()) await group.callsPerSecond(SUM, FIRST_LOAD);
  await settle(groups, GROUP_WARM_UP_SECONDS[sizeOf(context)], context);
  const rounds = new Map<string, Measures[]>();
  for (let round = 1; round <= options.rounds; round += 1) {
    const added: FleetServer[] = [];
    for (let servers = 1; servers <= MOST_SERVERS[sizeOf(context)]; servers += 1) {
      if (servers > 1) added.push(await startServer(settings, context));
      await settle(groups, WARM_UP_SECONDS[sizeOf(context)], context);
      for (const [clients, group] of groups) {
        const measures = await peakOf(group, options.seconds);
        progress(progressLine(`round ${round}/${options.rounds}`, labelsOf(servers, clients), measures));
        const key = JSON.stringify(labelsOf(servers, clients));
        rounds.set(key, [...(rounds.get(key) ?? []), measures]);
      }
    }
    for (const server of added) await server.stop();
  }
  await first.stop();
  return [...rounds].map(([labels, measures]) => rowOf(JSON.parse(labels) as Row['labels'], measures));
}

async function peakOf(group: ClientGroup, seconds: number): Promise<Measures> {
  const rates: Record<string, number> = {};
  for (const concurrency of LEVELS) {
    rates[`at${concurrency}`] = await group.warmCallsPerSecond(SUM, { concurrency, seconds });
  }
  return { callsPerSecond: Math.max(...Object.values(rates)), ...rates };
}

/** Partitions move to and from servers that come and go; then all of them are warmed up. */
async function settle(
  groups: ReadonlyMap<number, ClientGroup>,
  seconds: number,
  context: BenchmarkContext,
): Promise<void> {
  await sleep(REBALANCE_MS[sizeOf(context)]);
  for (const group of groups.values()) {
    await group.callsPerSecond(SUM, { concurrency: LEVELS[0], seconds });
  }
}

const sizeOf = ({ options }: BenchmarkContext): 'full' | 'quick' => (options.quick ? 'quick' : 'full');

const labelsOf = (servers: number, clients: number): Row['labels'] => ({ servers, clients });
