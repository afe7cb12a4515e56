import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants, deflateRawSync, gzipSync } from 'node:zlib';
import { compression, type CompressionOptions } from 'nestjs-kafka-rpc';
import { leastCpuMs } from '../support/least-cpu.js';
import { runScript } from '../support/package-script.js';
import { payloadOf, refusalOf, requestContext } from '../unit/wire/interceptors/wire-context.js';
import { hasZstd, rleFrame } from '../unit/wire/interceptors/zstd-frames.js';

type CompressionAlgorithm = NonNullable<CompressionOptions['algorithm']>;

const MEBIBYTE = 1024 * 1024;
const MAX = 8 * MEBIBYTE;
/** The marks of the threat: what one bomb may cost, whatever it is made of. */
const MAX_CPU_MS = 50;
const MAX_MEMORY_BYTES = MAX + 16 * MEBIBYTE;
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

const joinedFrames = (blocks: number): Buffer =>
  Buffer.concat(Array.from({ length: 500 }, () => rleFrame(blocks)));

const FAST = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

const ALL_BOMBS: readonly [string, CompressionAlgorithm, () => Buffer][] = [
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
  ['zstd of 500 joined frames of 8 MiB', 'zstd', () => flagged(1, joinedFrames(64))],
  ['zstd of 500 joined frames, 31 GiB in 1 MB', 'zstd', () => flagged(1, joinedFrames(512))],
];
const BOMBS = ALL_BOMBS.filter(([, algorithm]) => algorithm !== 'zstd' || hasZstd());

describe('S1, a decompression bomb', () => {
  it.each(BOMBS)('is refused in time, and the next record is read: %s', async (_name, algorithm, make) => {
    const bomb = make();
    const stage = compression({ algorithm });
    await stage.open?.();
    const refuse = () => refusalOf(() => stage.decode(bomb, context));
    expect(['RESOURCE_EXHAUSTED', 'INVALID_ARGUMENT']).toContain(refuse().status);
    expect(leastCpuMs(refuse)).toBeLessThanOrEqual(MAX_CPU_MS);
    const good = payloadOf(10_000);
    expect(stage.decode(stage.encode(good, context) as Buffer, context)).toEqual(good);
  });

  describe('in a process with little memory', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bombs-'));
    afterAll(() => rmSync(folder, { recursive: true }));

    it.each(BOMBS)('is refused again and again, beside good records: %s', async (_name, algorithm, make) => {
      const file = join(folder, 'bomb');
      writeFileSync(file, make());
      const nodeOptions = ['--max-old-space-size=128'];
      const { stdout } = await runScript(DEFUSER, { args: [algorithm, file], nodeOptions });
      const told = JSON.parse(stdout) as { refused: number; good: number; firstKiB: number };
      expect(told).toMatchObject({ refused: 20, good: 20 });
      expect(told.firstKiB * 1024).toBeLessThanOrEqual(MAX_MEMORY_BYTES);
    });
  });
});

/**
 * Refuses a bomb twenty times, with a good record behind each, and tells by how much the first raised the peak of its memory:
 * what later ones leave for the collector is told apart from what one costs.
 */
const DEFUSER = `
import { readFileSync } from 'node:fs';
import { compression } from 'nestjs-kafka-rpc';
const context = { direction: 'request', topic: 't', partition: 0, envelope: Buffer.alloc(0), headers: {} };
const good = Buffer.from('good '.repeat(4_000));
const [algorithm, file] = process.argv.slice(1);
const stage = compression({ algorithm });
await stage.open();
const bomb = readFileSync(file);
let refused = 0, goodOnes = 0;
const readGood = () => { if (stage.decode(stage.encode(good, context), context).equals(good)) goodOnes++; };
const refuse = () => { try { stage.decode(bomb, context); } catch (error) { if (error.name === 'RpcError') refused++; } };
stage.decode(stage.encode(good, context), context);
const before = process.resourceUsage().maxRSS;
refuse();
const firstKiB = process.resourceUsage().maxRSS - before;
readGood();
for (let round = 1; round < 20; round++) { refuse(); readGood(); }
console.log(JSON.stringify({ refused, good: goodOnes, firstKiB }));
`;
