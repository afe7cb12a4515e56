import { setTimeout as sleep } from 'node:timers/promises';
import { allAnswered } from '../../support/call-load.js';
import { faultSeed, isLongTier } from '../../support/fault-tier.js';
import { Fleet } from '../../support/fleet.js';
import { LiveCluster } from '../../support/live-cluster.js';

jest.setTimeout(180_000);

const DELAY_MS = 2;
/** There and back, twice: request and answer each go to the broker and from it. */
const DELAYS_OF_A_CALL = 4;
const CALLS_PER_SECOND = 1_000;
const LASTS_MS = isLongTier ? 20_000 : 5_000;
/**
 * The least that one fetch at a time allows is 1.5: what is appended while an answer is on its way, and the next fetch on its way
 * back, waits for that fetch, one delay on average, for the request and for its answer. With one produce request at a time it was 2.2.
 */
const MEDIAN_OVER_FASTEST = 1.75;

describe(`a network that takes ${DELAY_MS} ms each way, seed ${faultSeed}`, () => {
  let cluster: LiveCluster;
  let fleet: Fleet;

  beforeAll(async () => {
    cluster = await LiveCluster.start({ proxied: true });
    fleet = await Fleet.start(cluster, {
      servers: 1,
      callers: 1,
      callsPerSecond: CALLS_PER_SECOND,
      load: { isTraced: true, poissonSeed: faultSeed },
    });
    // Whatever compiles on the way does so before anything is looked at.
    await fleet.during(() => sleep(LASTS_MS));
  });
  afterAll(() => cluster?.close());

  it('lets no call wait for the answers to others', async () => {
    cluster.network.delayMs = DELAY_MS;
    const report = await fleet.during(() => sleep(LASTS_MS));
    const tookMs = (await fleet.traces()).map((trace) => trace.tookMs).sort((a, b) => a - b);
    const [fastest, median] = [tookMs[0]!, tookMs[tookMs.length >> 1]!];
    process.stderr.write(
      `p50 ${median.toFixed(2)} ms, fastest ${fastest.toFixed(2)} ms: ${(median / fastest).toFixed(2)}\n`,
    );
    expect(report).toMatchObject(allAnswered(report.sent));
    // It happened.
    expect(fastest).toBeGreaterThan(DELAYS_OF_A_CALL * DELAY_MS * 0.9);
    expect(median / fastest).toBeLessThanOrEqual(MEDIAN_OVER_FASTEST);
  });
});
