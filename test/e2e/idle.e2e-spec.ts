import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

describe('a server and a client with nothing to do', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  it('use less than 1 % of a core together, and answer when they are needed', async () => {
    const program = await cluster.start('idle', { service: cluster.service });
    expect(await program.ask('echo', 1)).toBe(1);
    expect(await program.ask('usage', { settleMs: 2_000, measureMs: 10_000 })).toBeLessThan(1);
    expect(await program.ask('echo', 2)).toBe(2);
  });
});
