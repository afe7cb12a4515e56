import { zstdContentSize } from '../../../../lib/wire/interceptors/zstd-frame.js';
import { refusalOf } from './wire-context.js';
import { rleFrame } from './zstd-frames.js';

const MAX = 8 * 1024 * 1024;
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const MAGIC = '28b52ffd';

describe('zstdContentSize()', () => {
  it('reads what a frame says', () => {
    expect(zstdContentSize(rleFrame(1), MAX)).toBe(131_072);
    expect(zstdContentSize(rleFrame(64), MAX)).toBe(MAX);
    expect(zstdContentSize(hex(`${MAGIC} 20 03 190000 616263`), MAX)).toBe(3);
    expect(zstdContentSize(hex(`${MAGIC} 24 03 190000 616263 00000000`), MAX)).toBe(3);
    expect(zstdContentSize(hex(`${MAGIC} 60 0000 030800 61`), MAX)).toBe(256);
    expect(zstdContentSize(hex(`${MAGIC} e0 0300000000000000 190000 616263`), MAX)).toBe(3);
  });

  it.each<[string, Buffer]>([
    ['800 MiB in 25 kB', rleFrame(6_400)],
    ['a window of 16 MiB', rleFrame(1, 131_072, 14 << 3)],
    ['a content of 2^64 - 1', hex(`${MAGIC} e0 ffffffffffffffff 190000 616263`)],
  ])('refuses %s as too large', (_name, frame) => {
    expect(refusalOf(() => zstdContentSize(frame, MAX))).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      retryable: false,
    });
  });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['500 joined frames', Buffer.concat(Array.from({ length: 500 }, () => rleFrame(1)))],
    ['a byte behind the end', Buffer.concat([rleFrame(1), Buffer.from([0])])],
    ['a frame without content size', hex(`${MAGIC} 00 58 190000 616263`)],
    ['a dictionary', hex(`${MAGIC} 21 01 03 190000 616263`)],
    ['a reserved bit', hex(`${MAGIC} 28 03 190000 616263`)],
    ['a skippable frame', hex('502a4d18 03000000 616263')],
    ['a reserved block', hex(`${MAGIC} 20 03 1f0000 616263`)],
    ['a block of 128 KiB and one', hex(`${MAGIC} a0 00000200 0b0010 61`)],
    ['a missing checksum', hex(`${MAGIC} 24 03 190000 616263`)],
  ])('refuses %s', (_name, frame) => {
    expect(refusalOf(() => zstdContentSize(frame, MAX))).toMatchObject({ status: 'INVALID_ARGUMENT' });
  });

  it('refuses a frame that is cut anywhere', () => {
    const frame = rleFrame(3);
    for (let end = 0; end < frame.length; end++) {
      expect(() => zstdContentSize(frame.subarray(0, end), MAX)).toThrow();
    }
  });

  it('is quick with a million empty blocks', () => {
    const blocks = Buffer.alloc(3_000_000);
    const started = performance.now();
    expect(() => zstdContentSize(Buffer.concat([hex(`${MAGIC} 20 00`), blocks]), MAX)).toThrow();
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
