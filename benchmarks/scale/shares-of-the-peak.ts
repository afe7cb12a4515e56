import type { BenchmarkContext } from '../benchmark.js';
import type { BenchBroker } from '../broker/bench-broker.js';
import { startClients, startServer, warmUp } from '../fleet/fleet.js';
import { progressLine, rowOf, type Measures, type Row } from '../measure/turns.js';

export const SHARES = [0.25, 0.5, 0.75, 0.9] as const;
const CLIENTS = 10;
const AT_ONCE = 1_000;
/** A rate that is too high for a while is to be seen in latencies, and not to end the load. */
const OPEN_CALLS = 1_000_000;
const SUM = { kind: 'sum' } as const;

/**
 * Calls at a fixed rate, as independent callers make them, at shares of the peak that the same round measured. Latency
 * counts from the time at which a call was to be sent: a client that falls behind does not hide it.
 */
export async function sharesOfThePeak(broker: BenchBroker, context: BenchmarkContext): Promise<Row[]> {
  const { options, progress } = context;
  const settings = { ...broker, fleet: 'open-loop' };
  await startServer(settings, context);
  const client = await startClients({ ...settings, clients: CLIENTS, openCalls: OPEN_CALLS }, context);
  await warmUp(client, SUM, AT_ONCE);
  const rounds = SHARES.map(() => [] as Measures[]);
  for (let round = 1; round <= options.rounds; round += 1) {
    const peak = await client.ask('run', {
      work: SUM,
      load: { concurrency: AT_ONCE, seconds: options.seconds },
    });
    for (const [at, share] of SHARES.entries()) {
      const offered = peak.callsPerSecond * share;
      const load = { callsPerSecond: offered, seconds: options.seconds, callers: CLIENTS };
      const { callsPerSecond, latency } = await client.ask('runOpen', { work: SUM, load });
      const { p50, p99, p999 } = latency;
      const measures = { offered, callsPerSecond, p50Ms: p50, p99Ms: p99, p999Ms: p999 };
      rounds[at]?.push(measures);
      progress(progressLine(`round ${round}/${options.rounds}`, { load: percent(share) }, measures));
    }
  }
  return SHARES.map((share, at) => rowOf({ load: percent(share) }, rounds[at] ?? []));
}

const percent = (share: number): string => `${share * 100} %`;
