import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { compression, type CompressionAlgorithm } from '../../../lib/wire/interceptors/compression.js';
import { payloadOf, refusalOf, requestContext } from '../wire/interceptors/wire-context.js';
import { hasZstd, rleFrame } from '../wire/interceptors/zstd-frames.js';

const MEBIBYTE = 1024 * 1024;
const MAX = 8 * MEBIBYTE;
const context = requestContext();

const flagged = (flag: number, bytes: Buffer) => Buffer.concat([Buffer.from([flag]), bytes]);
const lying = rleFrame(6_400, 1_000);

const FAST = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

const BOMBS: readonly [string, CompressionAlgorithm, () => Buffer][] = [
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
});
