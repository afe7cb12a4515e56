import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants, deflateRawSync, gzipSync } from 'node:zlib';
import { compression, type CompressionOptions } from 'nestjs-kafka-rpc';
import { runScript } from '../support/package-script.js';
import { payloadOf, refusalOf, requestContext } from '../unit/wire/interceptors/wire-context.js';
import { hasZstd, rleFrame } from '../unit/wire/interceptors/zstd-frames.js';

type CompressionAlgorithm = NonNullable<CompressionOptions['algorithm']>;

const MEBIBYTE = 1024 * 1024;
const MAX = 8 * MEBIBYTE;
const context = requestContext();

const flagged = (flag: number, bytes: Buffer) => Buffer.concat([Buffer.from([flag]), bytes]);
const lying = rleFrame(6_400, 1_000);

/** One mebibyte of zeros, compressed and flushed, so that it may stand again and again. */
const gibibyteOfGzip = (): Buffer => {
  const zeros = deflateRawSync(Buffer.alloc(MEBIBYTE), { finishFlush: constants.Z_FULL_FLUSH });
  const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  const end = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, ...Array.from({ length: 1024 }, () => zeros), end]);
};

const FAST = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

const BOMBS: readonly [string, CompressionAlgorithm, () => Buffer][] = [
  ['gzip of 1 GiB in 1 MB', 'gzip', () => flagged(2, gibibyteOfGzip())],
  ['gzip of 256 MiB', 'gzip', () => flagged(2, gzipSync(Buffer.alloc(256 * MEBIBYTE)))],
  [
    'gzip of 64 joined members',
    'gzip',
    () => flagged(2, Buffer.concat(Array.from({ length: 64 }, () => gzipSync(Buffer.alloc(MAX))))),
  ],
  ['brotli of 256 MiB', 'brotli', () => flagged(3, brotliCompressSync(Buffer.alloc(256 * MEBIBYTE), FAST))],
  ['zstd of 800 MiB in 25 kB', 'zstd', () => flagged(1, rleFrame(6_400))],
  ['zstd that says 1,000 bytes and has 800 MiB', 'zstd', () => flagged(1, lying)],
  ['zstd that says 8 MiB and has 800', 'zstd', () => flagged(1, rleFrame(6_400, MAX))],
  [
    'zstd of 500 joined frames',
    'zstd',
    () => flagged(1, Buffer.concat(Array.from({ length: 500 }, () => rleFrame(64)))),
  ],
];

describe('S1, a decompression bomb', () => {
  it.each(BOMBS.filter(([, algorithm]) => algorithm !== 'zstd' || hasZstd()))(
    'is refused in time and within the memory of a good record: %s',
    async (_name, algorithm, make) => {
      const bomb = make();
      const stage = compression({ algorithm });
      await stage.open?.();
      refusalOf(() => stage.decode(bomb, context));
      const rss = process.memoryUsage().rss;
      const cpu = process.cpuUsage();
      const refusal = refusalOf(() => stage.decode(bomb, context));
      const { user, system } = process.cpuUsage(cpu);
      expect(['RESOURCE_EXHAUSTED', 'INVALID_ARGUMENT']).toContain(refusal.status);
      expect((user + system) / 1_000).toBeLessThanOrEqual(150);
      expect(process.memoryUsage().rss - rss).toBeLessThanOrEqual(MAX + 16 * MEBIBYTE);
      const good = payloadOf(10_000);
      expect((stage.decode(stage.encode(good, context) as Buffer, context) as Buffer).equals(good)).toBe(
        true,
      );
    },
  );

  describe('in a process with little memory', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bombs-'));
    afterAll(() => rmSync(folder, { recursive: true }));

    it('is refused again and again, beside good records', async () => {
      const bombs = BOMBS.filter(([, algorithm]) => algorithm !== 'zstd' || hasZstd());
      const files = bombs.map(([, algorithm, make], i) => {
        const file = join(folder, `${i}`);
        writeFileSync(file, make());
        return `${algorithm}:${file}`;
      });
      const { stdout } = await runScript(DEFUSER, { args: files, nodeOptions: ['--max-old-space-size=128'] });
      const told = JSON.parse(stdout) as { refused: number; good: number; growthKiB: number };
      expect(told).toMatchObject({ refused: 20 * files.length, good: 20 * files.length });
      expect(told.growthKiB).toBeLessThanOrEqual(128 * 1024);
    }, 60_000);
  });
});

/** Refuses each bomb twenty times, with a good record behind each, and tells the peak of its memory. */
const DEFUSER = `
import { readFileSync } from 'node:fs';
import { compression } from 'nestjs-kafka-rpc';
const context = { direction: 'request', topic: 't', partition: 0, envelope: Buffer.alloc(0), headers: {} };
const good = Buffer.from('good '.repeat(4_000));
const bombs = [];
for (const given of process.argv.slice(1)) {
  const [algorithm, file] = given.split(/:(.*)/s);
  const stage = compression({ algorithm });
  await stage.open();
  stage.decode(stage.encode(good, context), context);
  bombs.push([stage, readFileSync(file)]);
}
const before = process.resourceUsage().maxRSS;
let refused = 0, goodOnes = 0;
for (let round = 0; round < 20; round++) {
  for (const [stage, bomb] of bombs) {
    try { stage.decode(bomb, context); } catch (error) { if (error.name === 'RpcError') refused++; }
    if (stage.decode(stage.encode(good, context), context).equals(good)) goodOnes++;
  }
}
console.log(JSON.stringify({ refused, good: goodOnes, growthKiB: process.resourceUsage().maxRSS - before }));
`;
