import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptFolder } from '../../../benchmarks/peers/kept-folder.js';

describe('a folder that is kept between runs', () => {
  const cacheBefore = process.env.XDG_CACHE_HOME;
  let cache = '';
  let fills = 0;
  const kept = (madeOf: string, content = madeOf): Promise<string> =>
    keptFolder(
      {
        name: 'peer',
        madeOf,
        fill: async (folder) => {
          fills += 1;
          await writeFile(join(folder, 'content'), content);
        },
      },
      () => undefined,
    );

  beforeEach(async () => {
    fills = 0;
    cache = await mkdtemp(join(tmpdir(), 'kept-folder-'));
    process.env.XDG_CACHE_HOME = cache;
  });
  afterEach(async () => {
    if (cacheBefore === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = cacheBefore;
    await rm(cache, { recursive: true });
  });

  it('is filled once and found again', async () => {
    const folder = await kept('version 1');
    await expect(kept('version 1')).resolves.toBe(folder);
    expect(fills).toBe(1);
    await expect(readFile(join(folder, 'content'), 'utf8')).resolves.toBe('version 1');
  });

  it('is another one when what it is made of has changed', async () => {
    expect(await kept('version 1')).not.toBe(await kept('version 2'));
  });

  it('leaves nothing behind when it cannot be filled, and is filled by the next run', async () => {
    const failing = { name: 'peer', madeOf: 'x', fill: () => Promise.reject(new Error('no network')) };
    await expect(keptFolder(failing, () => undefined)).rejects.toThrow('no network');
    await expect(readdir(join(cache, 'nestjs-kafka-rpc', 'peers'))).resolves.toEqual([]);
    await expect(kept('x')).resolves.toContain('peer-');
  });

  it('is whole for both of two runs that fill it at once', async () => {
    const [one, other] = await Promise.all([kept('same'), kept('same')]);
    expect(one).toBe(other);
    await expect(readdir(join(cache, 'nestjs-kafka-rpc', 'peers'))).resolves.toHaveLength(1);
  });
});
