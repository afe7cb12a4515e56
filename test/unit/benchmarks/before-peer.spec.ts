import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforePeer } from '../../../benchmarks/peers/before/peer.js';

describe('The package as it is in another checkout', () => {
  const why = (checkout: string | undefined): Promise<string | undefined> | undefined =>
    beforePeer(checkout).unavailable?.(() => undefined);

  it('is not measured where none is named, and says how to name one', async () => {
    await expect(why(undefined)).resolves.toContain('BENCH_BEFORE');
  });

  it('is not measured before it is built, and says how to build it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'before-'));
    try {
      await expect(why(folder)).resolves.toContain('npm run build:programs');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
