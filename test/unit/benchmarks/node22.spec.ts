import { findNode22 } from '../../../benchmarks/peers/moleculer/node22.js';

describe('the Node that Moleculer runs on', () => {
  it('is the one of this process when that is new enough', async () => {
    await expect(findNode22({}, '22.19.0')).resolves.toEqual({ node: process.execPath });
    await expect(findNode22({}, '24.0.1')).resolves.toEqual({ node: process.execPath });
  });

  it('is missing where this one is older, with a word on what to set', async () => {
    for (const version of ['20.20.2', '22.18.0']) {
      await expect(findNode22({}, version)).resolves.toEqual({
        missing: `it needs Node 22.19 or newer and this is ${version}: set BENCH_NODE22 to the path of such a node`,
      });
    }
  });

  it('is not taken from BENCH_NODE22 unless that runs and is new enough', async () => {
    await expect(findNode22({ BENCH_NODE22: '/nowhere/node' }, '20.20.2')).resolves.toEqual({
      missing: 'it needs Node 22.19 or newer, and BENCH_NODE22, "/nowhere/node", does not run',
    });
  });
});
