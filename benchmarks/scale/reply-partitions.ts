import type { BenchmarkContext } from '../benchmark.js';
import type { BenchBroker } from '../broker/bench-broker.js';
import { ClientGroup } from '../fleet/client-group.js';
import { startServer } from '../fleet/fleet.js';
import { inTurns, type Row, type Variant } from '../measure/turns.js';

const CLIENTS = 10;
const CLIENT_PROCESSES = 2;
const AT_ONCE = 1_000;
const REPLY_PARTITIONS = [1, 10] as const;
const SUM = { kind: 'sum' } as const;
const WARM_UP_SECONDS = 2;

/** Ten busy clients that read one reply partition, where each drops nine tenths of what it reads, beside ten that read ten. */
export async function replyPartitions(broker: BenchBroker, context: BenchmarkContext): Promise<Row[]> {
  const variants: Variant[] = [];
  for (const partitions of REPLY_PARTITIONS) {
    context.progress(`Starting ${CLIENTS} clients that read ${partitions} reply partitions`);
    const settings = { ...broker, fleet: `replies-${partitions}`, replyPartitions: partitions };
    await startServer(settings, context);
    const group = await ClientGroup.start({ ...settings, clients: CLIENTS }, CLIENT_PROCESSES, context);
    await group.callsPerSecond(SUM, { concurrency: AT_ONCE, seconds: WARM_UP_SECONDS });
    variants.push({
      labels: { replyPartitions: partitions, clients: CLIENTS },
      measure: async () => ({
        callsPerSecond: await group.callsPerSecond(SUM, {
          concurrency: AT_ONCE,
          seconds: context.options.seconds,
        }),
      }),
    });
  }
  return inTurns(variants, context.options.rounds, context.progress);
}
