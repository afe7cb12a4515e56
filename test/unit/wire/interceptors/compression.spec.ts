import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { compression, type CompressionOptions } from '../../../../lib/wire/interceptors/compression.js';
import { payloadOf, refusalOf, requestContext } from './wire-context.js';
import { hasZstd } from './zstd-frames.js';

const context = requestContext();
const opened = async (options: CompressionOptions) => {
  const stage = compression(options);
  await stage.open?.();
  return {
    name: stage.name,
    encode: (bytes: Buffer) => stage.encode(bytes, context) as Buffer,
    decode: (bytes: Buffer) => stage.decode(bytes, context) as Buffer,
  };
};

const FLAGS = { none: 0, zstd: 1, gzip: 2, brotli: 3 } as const;
const here = (['gzip', 'brotli', 'zstd'] as const).filter((name) => name !== 'zstd' || hasZstd());

describe.each(here)('compression() by %s', (algorithm) => {
  it.each([0, 1, 1_023, 1_024, 65_536, 1_000_000])('brings back %i bytes', async (length) => {
    const stage = await opened({ algorithm });
    const bytes = payloadOf(length);
    const small = stage.encode(bytes);
    expect(small[0]).toBe(length < 1_024 ? 0 : FLAGS[algorithm]);
    if (length >= 1_024) expect(small.length).toBeLessThan(length);
    expect(stage.decode(small).equals(bytes)).toBe(true);
  });

  it('goes on unharmed when others are opened beside it', async () => {
    const first = await opened({ algorithm });
    const bytes = payloadOf(2_000);
    for (let i = 0; i < 3; i++) {
      const other = await opened({ algorithm });
      expect(first.decode(other.encode(bytes)).equals(bytes)).toBe(true);
      expect(other.decode(first.encode(bytes)).equals(bytes)).toBe(true);
    }
  });

  it('leaves plain what would grow', async () => {
    const bytes = randomBytes(5_000);
    const stage = await opened({ algorithm });
    expect(stage.encode(bytes)).toEqual(Buffer.concat([Buffer.from([0]), bytes]));
  });

  it('inflates to maxBytes and no further', async () => {
    const small = (await opened({ algorithm })).encode(Buffer.alloc(100_001, 'a'));
    expect((await opened({ algorithm, maxBytes: 100_001 })).decode(small)).toHaveLength(100_001);
    const stage = await opened({ algorithm, maxBytes: 100_000 });
    expect(refusalOf(() => stage.decode(small))).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      retryable: false,
    });
  });

  it('does not send what no receiver would take, nor take it plain', async () => {
    const stage = await opened({ algorithm, maxBytes: 2_000 });
    expect(refusalOf(() => stage.encode(Buffer.alloc(2_001)))).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
    });
    expect(refusalOf(() => stage.decode(Buffer.alloc(2_002)))).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
    });
  });

  it('refuses joined streams, trailing bytes and every cut', async () => {
    const stage = await opened({ algorithm });
    const small = stage.encode(payloadOf(1_100));
    const bad = [
      Buffer.concat([small, small.subarray(1)]),
      Buffer.concat([small, Buffer.from([0])]),
      Buffer.concat([small, Buffer.alloc(20)]),
      ...Array.from({ length: small.length }, (_, end) => small.subarray(0, end)),
    ];
    for (const bytes of bad) {
      expect(refusalOf(() => stage.decode(bytes))).toMatchObject({ status: 'INVALID_ARGUMENT' });
    }
  });

  it('answers to mutants with a typed error or with bytes within the limit', async () => {
    const stage = await opened({ algorithm, maxBytes: 10_000 });
    const small = stage.encode(payloadOf(1_100));
    for (let at = 0; at < small.length; at++) {
      const mutant = Buffer.from(small);
      mutant[at]! ^= 1 << (at % 8);
      try {
        expect(stage.decode(mutant).length).toBeLessThanOrEqual(10_000);
      } catch (error) {
        expect(error).toMatchObject({ name: 'RpcError' });
      }
    }
  });

  it('takes no record of another algorithm', async () => {
    const stage = await opened({ algorithm });
    const small = stage.encode(payloadOf(1_100));
    const other = await opened({ algorithm: algorithm === 'gzip' ? 'brotli' : 'gzip' });
    expect(refusalOf(() => other.decode(small))).toMatchObject({ status: 'INVALID_ARGUMENT' });
    expect(other.name).not.toBe(stage.name);
  });
});

describe('compression()', () => {
  it('by none writes all plain', async () => {
    const stage = await opened({ algorithm: 'none' });
    const bytes = payloadOf(5_000);
    expect(stage.encode(bytes)[0]).toBe(0);
    expect(stage.decode(stage.encode(bytes)).equals(bytes)).toBe(true);
  });

  it('by gzip writes what any gunzip reads, and reads what Node writes', async () => {
    const stage = await opened({ algorithm: 'gzip' });
    const bytes = payloadOf(5_000);
    expect(gunzipSync(stage.encode(bytes).subarray(1)).equals(bytes)).toBe(true);
    expect(stage.decode(Buffer.concat([Buffer.from([2]), gzipSync(bytes)])).equals(bytes)).toBe(true);
  });

  it('by zstd takes its fast levels below 0, one of which it comes with, and any reads what another wrote', async () => {
    if (!hasZstd()) return;
    const bytes = payloadOf(65_536);
    const stages = await Promise.all([-7, -1, 0, 19].map((level) => opened({ level })));
    const written = stages.map((stage) => stage.encode(bytes));
    for (const small of written) {
      expect(small[0]).toBe(FLAGS.zstd);
      for (const stage of stages) expect(stage.decode(small).equals(bytes)).toBe(true);
    }
    expect((await opened({})).encode(bytes)).toEqual(written[1]);
    expect(written[3]!.length).toBeLessThan(written[0]!.length);
  });

  it('wants to be opened', () => {
    expect(() => compression().encode(Buffer.alloc(1), context)).toThrow('open()');
  });

  it.each<[unknown, string]>([
    [{ algorithm: 'lz4' }, 'algorithm'],
    [{ algorithm: 'constructor' }, 'algorithm'],
    [{ minBytes: -1 }, 'minBytes'],
    [{ maxBytes: 0 }, 'maxBytes'],
    [{ level: 20 }, 'level'],
    [{ level: -8 }, 'level'],
    [{ level: 1.5 }, 'level'],
    [{ algorithm: 'gzip', level: 10 }, 'level'],
    [{ threshold: 1 }, 'threshold'],
  ])('refuses %j', (options, option) => {
    const make = () => compression(options as CompressionOptions);
    expect(make).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT' }));
    expect(make).toThrow(option);
  });
});
