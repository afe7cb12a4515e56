import { msgpack, RpcError } from 'nestjs-kafka-rpc';
import { leastCpuMs } from '../support/least-cpu.js';

const serializer = msgpack();
const MEBIBYTE = 1024 * 1024;
/** The mark of the threat, whatever the bytes are. */
const MAX_CPU_MS = 20;

const errorOf = (bytes: Buffer): RpcError => {
  try {
    serializer.deserialize(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ status: 'INVALID_ARGUMENT' });
    return error as RpcError;
  }
  throw new Error('It was decoded.');
};

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('S3, msgpack() reads hostile bytes', () => {
  it.each<[string, Buffer, string]>([
    ['24,000 nested arrays of 65,535', hex('dcffff'.repeat(24_000)), 'maxElements'],
    ['24,000 nested maps of 65,535', hex('deffff'.repeat(24_000)), 'beyond the end'],
    ['a million nested arrays of one', Buffer.alloc(1_000_000, 0x91), 'nested deeper than 32 levels'],
    ['a million nested maps', Buffer.alloc(1_000_000, 0x81), 'nested deeper'],
    ['nested Maps by extension', nestedExtensions(200), 'nested deeper'],
    ['an array of 2^32 - 1', hex('dd ffffffff'), 'beyond the end'],
    ['a map of 2^32 - 1', hex('df ffffffff'), 'beyond the end'],
    ['a Buffer of 2^32 - 1', hex('c6 ffffffff'), 'beyond the end'],
    ['a string of 2^32 - 1', hex('db ffffffff'), 'beyond the end'],
    ['an extension of 2^32 - 1', hex('c9 ffffffff 45'), 'beyond the end'],
    [
      'an array as long as its bytes, again and again',
      Buffer.concat([hex('dd 000f0000'), Buffer.alloc(0xf0000, 0xdd)]),
      'Not a msgpack',
    ],
    [
      'more elements than it takes',
      Buffer.concat([hex('dd 000186a1'), Buffer.alloc(100_001)]),
      'maxElements',
    ],
    [
      'all the elements that it takes, of which the last is nothing',
      Buffer.concat([hex('dd 000186a0'), Buffer.alloc(99_999, 0x80), hex('c1')]),
      'unknown type byte',
    ],
    [
      'all the elements that it takes, of which the last fails when it is decoded',
      Buffer.concat([hex('dd 000186a0'), Buffer.alloc(99_999, 0x80), hex('d44009')]),
      'constant',
    ],
    ['the type byte that means nothing', hex('c1'), 'unknown type byte'],
    ['extension type 0x69', hex('d4 69 00'), 'unknown extension type 105'],
    ['extension type 0x70', hex('d4 70 00'), 'unknown extension type 112'],
    ['extension type -2', hex('d4 fe 00'), 'unknown extension type'],
    ['bytes after the end', hex('01 01'), 'bytes after the end'],
    ['no bytes', hex(''), 'ends too early'],
    ['a time stamp of 5 bytes', hex('c7 05 ff 0000000000'), 'timestamp'],
    ['an unknown constant', hex('d4 40 09'), 'constant'],
    ['a BigInt of 4 bytes', hex('d6 41 00000000'), 'BigInt'],
    ['a Float64Array of 4 bytes', hex('d6 4f 00000000'), 'multiple of 8'],
    ['a Map that is no array inside', hex('d4 43 01'), 'not an array'],
    ['a Map with a key alone', hex('d5 43 91 01'), 'no value'],
    ['a Set with bytes after its array', hex('d5 44 90 01'), 'nested value'],
    ['a Set that ends in its array', hex('d5 44 92 01'), 'beyond the end'],
    ['a map with an array for a key', hex('81 90 01'), 'key'],
  ])('%s: fails with a typed error, at once', (_name, bytes, message) => {
    const heapBefore = process.memoryUsage().heapUsed + process.memoryUsage().external;
    const error = errorOf(bytes);
    const growth = process.memoryUsage().heapUsed + process.memoryUsage().external - heapBefore;
    expect(error.message).toContain(message);
    expect(growth).toBeLessThanOrEqual(16 * MEBIBYTE);
    expect(leastCpuMs(() => errorOf(bytes))).toBeLessThanOrEqual(MAX_CPU_MS);
  });

  it('fails with a typed error for a message cut at any byte', () => {
    const whole = serializer.serialize({
      text: 'x'.repeat(300),
      list: [1, 300, 70_000, 2 ** 40, 1.5, -0, 10n, 2n ** 80n, undefined, null, true],
      map: new Map<unknown, unknown>([['k', new Set([new Date(5), new Date(NaN)])]]),
      bytes: [Buffer.alloc(300), new Float64Array(3), new Uint8Array(2), new DataView(new ArrayBuffer(4))],
    });
    for (let size = 0; size < whole.length; size++) {
      const cut = whole.subarray(0, size);
      expect(leastCpuMs(() => errorOf(cut))).toBeLessThanOrEqual(MAX_CPU_MS);
    }
    expect(serializer.deserialize(whole)).toBeDefined();
  });

  it('never fails in another way, whichever byte is changed', () => {
    const whole = serializer.serialize({
      a: [1n, new Map([['k', new Date(5)]]), Buffer.alloc(3)],
      b: 'text',
    });
    for (let at = 0; at < whole.length; at++) {
      for (let value = 0; value < 0x100; value++) {
        const bytes = Buffer.from(whole);
        bytes[at] = value;
        try {
          serializer.deserialize(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RpcError);
        }
      }
    }
  });

  it('decodes the next message after a hostile one', () => {
    errorOf(hex('82 a161 d4 43 01 a162 01'));
    expect(serializer.deserialize(serializer.serialize({ a: new Map([[1, 2]]) }))).toEqual({
      a: new Map([[1, 2]]),
    });
  });
});

describe('S4, msgpack() and prototypes', () => {
  afterEach(() => {
    expect(({} as { x?: unknown }).x).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it.each<[string, Buffer]>([
    ['at the top', hex('81 a9 5f5f70726f746f5f5f 81 a178 01')],
    ['nested', hex('81 a161 81 a9 5f5f70726f746f5f5f 81 a178 01')],
    ['in a longer string form', hex('81 d9 09 5f5f70726f746f5f5f 81 a178 01')],
  ])('refuses a key __proto__ %s', (_name, bytes) => {
    expect(errorOf(bytes).message).toContain('__proto__');
  });

  it('refuses a key __proto__ that is an extension', () => {
    const utf16 = Buffer.from('__proto__', 'utf16le');
    const bytes = Buffer.concat([hex(`81 c7 ${utf16.length.toString(16)} 42`), utf16, hex('81 a178 01')]);
    expect(errorOf(bytes).message).toContain('__proto__');
  });

  it('keeps constructor and prototype as own properties', () => {
    const back = serializer.deserialize(
      serializer.serialize({ constructor: { prototype: { x: 1 } } }),
    ) as object;
    expect(Object.hasOwn(back, 'constructor')).toBe(true);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
  });

  it('reads number keys of other writers as own properties', () => {
    const back = serializer.deserialize(hex('82 01 a161 ff a162'));
    expect(back).toEqual({ '1': 'a', '-1': 'b' });
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
  });

  it('keeps __proto__ as a key of a Map, where it is data', () => {
    const map = new Map([['__proto__', { x: 1 }]]);
    expect(serializer.deserialize(serializer.serialize(map))).toEqual(map);
  });
});

/** A Map in a Map in a Map …: [key, Map] each. */
function nestedExtensions(levels: number): Buffer {
  let bytes = hex('c0');
  for (let level = 0; level < levels; level++) {
    const header = Buffer.alloc(6);
    header[0] = 0xc9;
    header.writeUInt32BE(bytes.length + 2, 1);
    header[5] = 67;
    bytes = Buffer.concat([header, hex('92 01'), bytes]);
  }
  return bytes;
}
