import type { SeededRandom } from '../../../support/seeded-random.js';

const VIEWS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
];

const NUMBERS = [
  0,
  -0,
  NaN,
  Infinity,
  -Infinity,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  -(2 ** 53),
  1e308,
  5e-324,
];
const ALPHABET = ['a', 'Z', '0', ' ', 'é', '€', '𝄞', '\uFEFF', '\uD800', '\u0000'];
const KEYS = ['a', 'b', 'key', '1', '', 'constructor', 'prototype', 'toString', 'ключ'];

/** Any value that msgpack() carries, nested a few levels. */
export function randomValue(random: SeededRandom, depth = 4): unknown {
  const nested = () => randomValue(random, depth - 1);
  const many = () => Array.from({ length: random.integer(5) }, nested);
  const containers: readonly (() => unknown)[] = [
    many,
    () => Object.fromEntries(many().map((value) => [random.pick(KEYS), value])),
    () => new Map(many().map((value) => [nested(), value])),
    () => new Set(many()),
  ];
  return random.pick(depth > 0 ? [...containers, ...containers, ...leaves(random)] : leaves(random))();
}

const leaves = (random: SeededRandom): readonly (() => unknown)[] => [
  () => random.pick([undefined, null, true, false]),
  () => random.pick(NUMBERS),
  () => (random.next() - 0.5) * 10 ** random.integer(20),
  () => random.integer(2 ** 32) - 2 ** 31,
  () => randomText(random),
  () => BigInt(random.integer(2 ** 32) - 2 ** 31) ** BigInt(random.integer(6)),
  () => new Date(random.pick([NaN, -1, 8.64e15, -8.64e15, random.integer(2 ** 41)])),
  () => Buffer.from(randomBytes(random, random.integer(40))),
  () => randomBytes(random, random.integer(40)).buffer,
  () =>
    new (random.pick(VIEWS) as new (buffer: ArrayBuffer) => unknown)(
      randomBytes(random, 8 * random.integer(5)).buffer,
    ),
];

const randomText = (random: SeededRandom): string =>
  Array.from({ length: random.integer(random.pick([4, 40, 300])) }, () => random.pick(ALPHABET)).join('');

const randomBytes = (random: SeededRandom, size: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: size }, () => random.integer(0x100));
