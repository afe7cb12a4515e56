import { RpcError, RpcStatus } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { seededRandom } from '../../support/seeded-random.js';

const CALLS = 10_000;
const LONGEST_MS = 3_000;
const TICK_MS = 10;

describe('10,000 calls with random deadlines', () => {
  let cluster: RpcCluster;

  beforeEach(() => {
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  /** The longest time in which this process could not turn to anything. */
  const longestPause = (): (() => number) => {
    let [longestMs, lastMs] = [0, performance.now()];
    const timer = setInterval(() => {
      const nowMs = performance.now();
      longestMs = Math.max(longestMs, nowMs - lastMs);
      lastMs = nowMs;
    }, 2);
    return () => {
      clearInterval(timer);
      return longestMs;
    };
  };

  it('end at theirs: none early, and none later than the process itself was held up', async () => {
    const client = cluster.client({ maxOpenCalls: CALLS });
    await client.connect();
    const random = seededRandom(19);
    const lateMs: number[] = [];
    const pauseMs = longestPause();
    const calling: Promise<void>[] = [];
    for (let i = 0; i < CALLS; i++) {
      const timeoutMs = 50 + Math.floor(random.next() * LONGEST_MS);
      const begunAt = performance.now();
      const call = client.call('nobody.serves.it', i, { timeoutMs });
      calling.push(
        call.then(
          () => Promise.reject(new Error('It was answered.')),
          (error: RpcError) => {
            expect(error.status).toBe(RpcStatus.DEADLINE_EXCEEDED);
            lateMs.push(performance.now() - begunAt - timeoutMs);
          },
        ),
      );
      if (i % 200 === 199) await new Promise(setImmediate);
    }
    await Promise.all(calling);
    expect(Math.min(...lateMs)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...lateMs)).toBeLessThanOrEqual(3 * (TICK_MS + pauseMs()));
    expect(client.openCalls).toBe(0);
  });
});
