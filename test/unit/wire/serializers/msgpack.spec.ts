import { decode as decodeWithLibrary, encode as encodeWithLibrary } from '@msgpack/msgpack';
import { RpcError } from '../../../../lib/errors/rpc-error.js';
import { msgpack } from '../../../../lib/wire/serializers/msgpack.js';
import { seededRandom } from '../../../support/seeded-random.js';
import { randomValue } from './random-value.js';
import { textOf } from './text-of.js';

const serializer = msgpack();
const roundTrip = (value: unknown) => serializer.deserialize(serializer.serialize(value));

const failure = (run: () => unknown): RpcError => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ status: 'INVALID_ARGUMENT', retryable: false });
    return error as RpcError;
  }
  throw new Error('It did not fail.');
};

const bytes8 = Uint8Array.of(1, 2, 3, 250, 5, 6, 7, 240).buffer;

const VALUES: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['a boolean', true],
  ['undefined in an array', [undefined, 1, undefined]],
  ['undefined in an object', { a: undefined, b: { c: undefined } }],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['0', 0],
  ['-0', -0],
  ['-0 in an object', { zero: -0 }],
  [
    'integers at the edges of each width',
    [127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, -32, -33, -129],
  ],
  ['the largest safe integers', [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]],
  ['numbers beyond the safe integers', [2 ** 53, 2 ** 64, -(2 ** 63), Number.MAX_VALUE]],
  ['fractions', [0.1, -1.5, 5e-324]],
  ['an empty string', ''],
  ['a long string', 'é€𝄞'.repeat(10_000)],
  ['a string after a byte order mark', `\uFEFF${'x'.repeat(500)}`],
  ['a string with a lone surrogate', `${'x'.repeat(500)}\uD83D`],
  ['a BigInt', 1n],
  [
    'BigInts at the edges of 64 bits',
    [2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 64n],
  ],
  ['large BigInts', [0n, -1n, 123n ** 456n, -(123n ** 457n)]],
  ['a Date', new Date('2024-02-29T12:34:56.789Z')],
  ['a Date before 1970', new Date(-1)],
  ['a Date beyond 34 bits of seconds', new Date(2 ** 34 * 1000 + 7)],
  ['the first and the last Date', [new Date(-8.64e15), new Date(8.64e15)]],
  ['an invalid Date', new Date(NaN)],
  ['a Buffer', Buffer.from('hello')],
  ['an empty Buffer', Buffer.alloc(0)],
  ['a large Buffer', Buffer.alloc(70_000, 7)],
  ['a Uint8Array', new Uint8Array(bytes8)],
  ['a Uint8ClampedArray', new Uint8ClampedArray(bytes8)],
  ['an Int8Array', new Int8Array(bytes8)],
  ['an Int16Array', new Int16Array(bytes8)],
  ['a Uint16Array', new Uint16Array(bytes8)],
  ['an Int32Array', new Int32Array(bytes8)],
  ['a Uint32Array', new Uint32Array(bytes8)],
  ['a Float32Array', Float32Array.of(1.5, NaN, -0, Infinity)],
  ['a Float64Array', Float64Array.of(0.1, NaN, -0, -Infinity)],
  ['a BigInt64Array', new BigInt64Array(bytes8)],
  ['a BigUint64Array', new BigUint64Array(bytes8)],
  ['a DataView', new DataView(bytes8)],
  ['an ArrayBuffer', bytes8],
  ['a view on a part of a buffer', new Int16Array(bytes8, 2, 2)],
  ['an empty Float64Array', new Float64Array()],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['a', 1],
      [2, 'b'],
      [undefined, NaN],
      [{ k: 1 }, [1]],
      [['k'], null],
    ]),
  ],
  ['a Set', new Set<unknown>(['a', 1, undefined, -5n, NaN])],
  ['nested Maps and Sets', new Map([['m', new Map([['s', new Set([new Map([[1n, new Set()]])])]])]])],
  ['keys of Object.prototype', { constructor: { prototype: { x: 1 } }, toString: 1, hasOwnProperty: null }],
  ['an array with all of them', [[], {}, [[]], { a: [{ b: new Date(1) }] }]],
];

describe('msgpack()', () => {
  it.each(VALUES)('brings back %s by value and by type', (_name, value) => {
    const back = roundTrip(value);
    expect(textOf(back)).toBe(textOf(value));
    if (typeof value === 'object' && value !== null) {
      expect(Object.getPrototypeOf(back)).toBe(Object.getPrototypeOf(value));
    }
  });

  it('brings back 2,000 random values', () => {
    for (let seed = 1; seed <= 2000; seed++) {
      const value = randomValue(seededRandom(seed));
      expect(`${seed}: ${textOf(roundTrip(value))}`).toBe(`${seed}: ${textOf(value)}`);
    }
  });

  it('tells Buffer, Uint8Array and ArrayBuffer apart', () => {
    const [buffer, array, memory] = roundTrip([
      Buffer.of(1),
      Uint8Array.of(1),
      Uint8Array.of(1).buffer,
    ]) as unknown[];
    expect(Buffer.isBuffer(buffer)).toBe(true);
    expect(Buffer.isBuffer(array)).toBe(false);
    expect(array).toBeInstanceOf(Uint8Array);
    expect((memory as ArrayBuffer).byteLength).toBe(1);
  });

  it('sends an instance of a class without toJSON as its own enumerable properties', () => {
    class Terms {
      a = 1;
      b = undefined;
    }
    expect(roundTrip({ terms: new Terms() })).toStrictEqual({ terms: { a: 1, b: undefined } });
  });

  it('does not change the value it is given', () => {
    const value = { a: undefined, list: [-0, 1n], when: new Date(5) };
    serializer.serialize(value);
    expect(value).toStrictEqual({ a: undefined, list: [-0, 1n], when: new Date(5) });
  });

  it('gives bytes that the next call does not touch', () => {
    const first = serializer.serialize({ a: 1 });
    const before = Buffer.from(first);
    serializer.serialize({ b: 'something else', c: Buffer.alloc(3 * 1024 * 1024) });
    serializer.serialize({ b: 2 });
    expect(first.equals(before)).toBe(true);
  });

  it('gives Buffers that do not change with the bytes they came from', () => {
    const bytes = serializer.serialize([Buffer.from('keep'), new Map([[1, Buffer.from('this')]])]);
    const [keep, map] = serializer.deserialize(bytes) as [Buffer, Map<number, Buffer>];
    bytes.fill(0);
    expect([keep.toString(), map.get(1)?.toString()]).toEqual(['keep', 'this']);
  });

  it('serializes inside a getter of a value that is being serialized', () => {
    const value = {
      a: 'x',
      get b() {
        return roundTrip({ inner: [1, 2] });
      },
      c: 'y',
    };
    expect(roundTrip(value)).toEqual({ a: 'x', b: { inner: [1, 2] }, c: 'y' });
  });

  it('reads and writes what other MessagePack libraries do', () => {
    const value = { text: 'a', list: [1, -1, 1.5, null, true], when: new Date(1_700_000_000_123) };
    expect(decodeWithLibrary(serializer.serialize(value))).toEqual(value);
    expect(serializer.deserialize(Buffer.from(encodeWithLibrary(value)))).toEqual(value);
  });
});

describe('textOf, on which these tests rely,', () => {
  it.each<[string, unknown, unknown]>([
    ['0 and -0', [0], [-0]],
    ['undefined and nothing', { a: undefined }, {}],
    ['undefined and null', [undefined], [null]],
    ['Buffer and Uint8Array', Buffer.of(1), Uint8Array.of(1)],
    ['two typed arrays', Int8Array.of(1), Uint8Array.of(1)],
    ['two ArrayBuffers', Uint8Array.of(1).buffer, Uint8Array.of(2).buffer],
    ['two DataViews', new DataView(Uint8Array.of(1).buffer), new DataView(Uint8Array.of(2).buffer)],
    ['two Dates', new Date(NaN), new Date(0)],
    ['two Maps', new Map([['a', 1]]), new Map([['a', 2]])],
    ['two Sets', new Set([1n]), new Set([2n])],
  ])('tells %s apart', (_name, one, other) => {
    expect(textOf(one)).not.toBe(textOf(other));
  });
});

describe('msgpack() refuses to send', () => {
  it.each<[string, unknown, string]>([
    [
      'a function',
      { user: { name: () => 'x' } },
      'Cannot serialize value.user.name: a function cannot be sent.',
    ],
    ['a symbol', [1, [Symbol('x')]], 'Cannot serialize value[1][0]: a symbol cannot be sent.'],
    ['a Promise', { sum: Promise.resolve(1) }, 'value.sum: an object of type Promise cannot be sent'],
    ['an Error', new Error('x'), 'Cannot serialize value: an object of type Error cannot be sent.'],
    ['a RegExp', [/x/], 'value[0]: an object of type RegExp'],
    ['a WeakMap', new WeakMap(), 'an object of type WeakMap'],
    ['a boxed primitive', Object(1), 'an object of type Number'],
    ['shared memory', new SharedArrayBuffer(1), 'an object of type SharedArrayBuffer'],
    ['a function in a Map', new Map([['k', [() => 1]]]), 'a function cannot be sent'],
    [
      'an own key __proto__',
      JSON.parse('{"a":{"__proto__":{"x":1}}}'),
      'value.a.__proto__: the key __proto__ cannot be sent',
    ],
  ])('%s', (_name, value, message) => {
    expect(failure(() => serializer.serialize(value)).message).toContain(message);
  });

  it.each<[string, () => unknown]>([
    [
      'a cycle of objects',
      () =>
        Object.assign(Object.create(null), {
          get self() {
            return this;
          },
        }),
    ],
    [
      'a cycle of arrays',
      () => {
        const list: unknown[] = [];
        list.push(list);
        return list;
      },
    ],
    [
      'a cycle of Maps',
      () => {
        const map = new Map<string, unknown>();
        return map.set('self', map);
      },
    ],
    [
      'a cycle of Sets',
      () => {
        const set = new Set<unknown>();
        return set.add({ set });
      },
    ],
  ])('%s', (_name, make) => {
    expect(failure(() => serializer.serialize(make())).message).toContain('nested deeper than 32 levels');
  });

  it('more elements than the receiver would take', () => {
    const small = msgpack({ maxElements: 10 });
    expect(small.deserialize(small.serialize({ a: [1, 2, 3, 4, 5, 6, 7, 8] }))).toBeDefined();
    expect(failure(() => small.serialize({ a: [1, 2, 3, 4, 5, 6, 7, 8, 9] })).message).toContain(
      'maxElements',
    );
    expect(failure(() => small.serialize(new Array(2 ** 32 - 1))).message).toContain('maxElements');
  });

  it('keeps the cause when a getter throws', () => {
    const cause = new Error('not loaded');
    const error = failure(() =>
      serializer.serialize({
        get lazy() {
          throw cause;
        },
      }),
    );
    expect([error.message, error.cause]).toEqual(['Cannot serialize the value: not loaded.', cause]);
  });
});

describe('msgpack({ extensions })', () => {
  const url = {
    type: 1,
    encode: (value: object) => (value instanceof URL ? Buffer.from(value.href) : undefined),
    decode: (bytes: Buffer) => new URL(bytes.toString()),
  };

  it('carries a type of the user', () => {
    const withUrls = msgpack({ extensions: [url] });
    const back = withUrls.deserialize(
      withUrls.serialize({ at: new Map([['u', new URL('http://localhost/a')]]) }),
    );
    expect(back).toEqual({ at: new Map([['u', new URL('http://localhost/a')]]) });
  });

  it('turns a failure of its decoder into INVALID_ARGUMENT', () => {
    const withUrls = msgpack({ extensions: [url] });
    expect(failure(() => withUrls.deserialize(Buffer.of(0xd4, 1, 0x20))).message).toContain('Invalid URL');
  });

  it('gives its decoder bytes that may be kept', () => {
    const raw = { type: 2, encode: () => undefined, decode: (bytes: Buffer) => bytes };
    const bytes = Buffer.of(0xd4, 2, 0x41);
    const kept = msgpack({ extensions: [raw] }).deserialize(bytes) as Buffer;
    bytes.fill(0);
    expect(kept.toString()).toBe('A');
  });

  it.each<[string, Parameters<typeof msgpack>[0]]>([
    ['a type of this package', { extensions: [{ ...url, type: 64 }] }],
    ['a type that is taken', { extensions: [url, url] }],
    ['maxDepth 0', { maxDepth: 0 }],
    ['maxDepth above 1,000', { maxDepth: 1001 }],
    ['maxElements NaN', { maxElements: NaN }],
  ])('refuses %s', (_name, options) => {
    failure(() => msgpack(options));
  });
});
