import type { BenchmarkContext } from '../benchmark.js';
import type { BenchBroker } from '../broker/bench-broker.js';
import { ClientGroup, GROUP_WARM_UP_SECONDS } from '../fleet/client-group.js';
import { FIRST_LOAD, startServer } from '../fleet/fleet.js';
import type { FleetSettings } from '../fleet/settings.js';
import { inTurns, type Labels, type Row, type Variant } from '../measure/turns.js';

const AT_ONCE = 1_000;
const SUM = { kind: 'sum' } as const;

/** A server and some clients, among fleets that differ from them in one number. */
interface Fleet {
  readonly labels: Labels;
  readonly clients: number;
  readonly clientProcesses: number;
  readonly settings: FleetSettings;
}

/** Ten busy clients that read one reply partition, where each drops nine tenths of what it reads, beside ten that read ten. */
export function replyPartitions(broker: BenchBroker, context: BenchmarkContext): Promise<Row[]> {
  const clients = 10;
  const fleets = [1, 10].map((count) => ({
    labels: { replyPartitions: count, clients },
    clients,
    clientProcesses: 2,
    settings: { ...broker, fleet: `replies-${count}`, replyPartitions: count },
  }));
  return ratesOf(fleets, context);
}

/** One server whose calls come on one request partition, beside servers that read more. */
export function requestPartitions(broker: BenchBroker, context: BenchmarkContext): Promise<Row[]> {
  const fleets = [1, 8, 64].map((count) => ({
    labels: { requestPartitions: count },
    clients: 1,
    clientProcesses: 1,
    settings: { ...broker, fleet: `requests-${count}`, partitions: count },
  }));
  return ratesOf(fleets, context);
}

async function ratesOf(fleets: readonly Fleet[], context: BenchmarkContext): Promise<Row[]> {
  const variants: Variant[] = [];
  const groups: ClientGroup[] = [];
  for (const { labels, settings, clients, clientProcesses } of fleets) {
    context.progress(`Starting the fleet ${settings.fleet}`);
    await startServer(settings, context);
    const group = await ClientGroup.start({ ...settings, clients }, clientProcesses, context);
    groups.push(group);
    const load = { concurrency: AT_ONCE, seconds: context.options.seconds };
    variants.push({
      labels,
      measure: async () => ({ callsPerSecond: await group.warmCallsPerSecond(SUM, load) }),
    });
  }
  const seconds = GROUP_WARM_UP_SECONDS[context.options.quick ? 'quick' : 'full'];
  for (const group of groups) {
    await group.callsPerSecond(SUM, FIRST_LOAD);
    await group.callsPerSecond(SUM, { concurrency: AT_ONCE, seconds });
  }
  return inTurns(variants, context.options.rounds, context.progress);
}
