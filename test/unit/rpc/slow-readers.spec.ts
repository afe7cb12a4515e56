import { RpcCluster } from '../../support/rpc-cluster.js';
import { CountedNumbers } from '../../support/slow-reader.js';
import { until } from '../../support/until.js';

describe('a stream of a million values, read at a thousand a second and left in the middle', () => {
  it('has its handler a window ahead at most, which follows the reader’s pace, and stops it', async () => {
    const cluster = new RpcCluster();
    const numbers = new CountedNumbers();
    const { server } = await cluster.serve({ controllers: [numbers.controller()] });
    const client = cluster.client();
    const { taken, mostAhead, aheadAtLast } = await numbers.readSlowly(client, 6_000);
    expect(taken).toBeGreaterThan(100);
    expect(mostAhead).toBeLessThanOrEqual(4_100);
    expect(aheadAtLast).toBeLessThanOrEqual(4_100);
    await until(() => numbers.stopped === 1 && server.callsInHand === 0);
    expect(client.openCalls).toBe(0);
    await cluster.close();
  });
});
