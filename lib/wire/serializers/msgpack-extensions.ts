import { types } from 'node:util';
import { decodeTimestampExtension, encodeTimestampExtension, EXT_TIMESTAMP, ExtData } from '@msgpack/msgpack';

/** The numbers on the wire. A change here changes the protocol. */
export const ExtensionType = {
  constant: 64,
  bigint: 65,
  utf16: 66,
  map: 67,
  set: 68,
  arrayBuffer: 69,
  dataView: 70,
} as const;

/** Their bytes travel as they lie in memory: little-endian wherever Node runs, but for s390x. */
const TYPED_ARRAYS = [
  [71, Int8Array],
  [72, Uint8Array],
  [73, Uint8ClampedArray],
  [74, Int16Array],
  [75, Uint16Array],
  [76, Int32Array],
  [77, Uint32Array],
  [78, Float32Array],
  [79, Float64Array],
  [80, BigInt64Array],
  [81, BigUint64Array],
] as const;

type TypedArrayConstructor = new (buffer: ArrayBuffer) => ArrayBufferView;

const TYPE_OF_VIEW: ReadonlyMap<string, number> = new Map<string, number>([
  ...TYPED_ARRAYS.map(([type, constructor]) => [constructor.name, type] as const),
  ['DataView', ExtensionType.dataView],
]);

const VIEW_OF_TYPE: ReadonlyMap<number, TypedArrayConstructor> = new Map<number, TypedArrayConstructor>([
  ...TYPED_ARRAYS,
  [ExtensionType.dataView, DataView],
]);

/** Every extension type that `decodeBuiltIn` knows. `EXT_TIMESTAMP` is MessagePack's own, and negative. */
export const BUILT_IN_TYPES: readonly number[] = [
  EXT_TIMESTAMP,
  ...Object.values(ExtensionType),
  ...TYPED_ARRAYS.map(([type]) => type),
];

const UNDEFINED_CODE = 0;
const NEGATIVE_ZERO_CODE = 1;
const INVALID_DATE_CODE = 2;

const constant = (code: number) => new ExtData(ExtensionType.constant, Uint8Array.of(code));

export const UNDEFINED = constant(UNDEFINED_CODE);
export const NEGATIVE_ZERO = constant(NEGATIVE_ZERO_CODE);
const INVALID_DATE = constant(INVALID_DATE_CODE);

const INT64_BYTES = 8;

/** 8 bytes of two's complement if they suffice. Otherwise a sign byte and 8 or more bytes of magnitude. */
export function encodeBigInt(value: bigint): ExtData {
  if (BigInt.asIntN(64, value) === value) {
    const bytes = Buffer.allocUnsafe(INT64_BYTES);
    bytes.writeBigInt64BE(value);
    return new ExtData(ExtensionType.bigint, bytes);
  }
  const hex = (value < 0n ? -value : value).toString(16);
  const sign = value < 0n ? '01' : '00';
  return new ExtData(ExtensionType.bigint, Buffer.from(sign + (hex.length % 2 ? '0' : '') + hex, 'hex'));
}

function decodeBigInt(bytes: Buffer): bigint {
  if (bytes.length === INT64_BYTES) return bytes.readBigInt64BE();
  if (bytes.length < INT64_BYTES) throw new RangeError(`${bytes.length} bytes are not a BigInt`);
  const magnitude = BigInt(`0x${bytes.toString('hex', 1)}`);
  return bytes[0] === 0 ? magnitude : -magnitude;
}

/** For strings that UTF-8 cannot represent, or whose byte order mark the decoder would remove. */
export const encodeUtf16 = (text: string): ExtData =>
  new ExtData(ExtensionType.utf16, Buffer.from(text, 'utf16le'));

/** Dates, binary views and ArrayBuffers, without a copy; `undefined` for any other object. */
export function encodeBuiltIn(value: object): ExtData | undefined {
  if (types.isDate(value)) return encodeDate(value);
  if (ArrayBuffer.isView(value)) return encodeView(value);
  if (types.isArrayBuffer(value)) return new ExtData(ExtensionType.arrayBuffer, new Uint8Array(value));
  return undefined;
}

function encodeDate(date: Date): ExtData {
  // A copy, because the time stamp encoder asks `instanceof Date`, which a Date of another realm is not.
  const bytes = Number.isNaN(date.getTime()) ? null : encodeTimestampExtension(new Date(date.getTime()));
  return bytes === null ? INVALID_DATE : new ExtData(EXT_TIMESTAMP, bytes);
}

function encodeView(view: ArrayBufferView): ExtData | undefined {
  const name = types.isDataView(view) ? 'DataView' : (view as Uint8Array)[Symbol.toStringTag];
  const type = TYPE_OF_VIEW.get(name);
  return type === undefined
    ? undefined
    : new ExtData(type, new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

/**
 * Returns the value of a built-in extension. It shares no memory with `data`.
 * @throws RangeError, SyntaxError or TypeError for bytes that no encoder here writes.
 */
export function decodeBuiltIn(
  type: number,
  data: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
): unknown {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  switch (type) {
    case EXT_TIMESTAMP:
      return decodeTimestampExtension(bytes);
    case ExtensionType.constant:
      return decodeConstant(bytes);
    case ExtensionType.bigint:
      return decodeBigInt(bytes);
    case ExtensionType.utf16:
      return bytes.toString('utf16le');
    case ExtensionType.map:
      return decodeMap(decode(bytes));
    case ExtensionType.set:
      return new Set(itemsOf(decode(bytes)));
    default:
      return decodeBinary(type, bytes);
  }
}

function decodeConstant(bytes: Buffer): unknown {
  if (bytes.length === 1) {
    if (bytes[0] === UNDEFINED_CODE) return undefined;
    if (bytes[0] === NEGATIVE_ZERO_CODE) return -0;
    if (bytes[0] === INVALID_DATE_CODE) return new Date(NaN);
  }
  throw new RangeError('an unknown constant');
}

function decodeMap(decoded: unknown): Map<unknown, unknown> {
  const items = itemsOf(decoded);
  if (items.length % 2) throw new RangeError('a Map with a key that has no value');
  const map = new Map<unknown, unknown>();
  for (let index = 0; index < items.length; index += 2) map.set(items[index], items[index + 1]);
  return map;
}

function itemsOf(decoded: unknown): readonly unknown[] {
  if (!Array.isArray(decoded)) throw new TypeError('a Map or a Set that is not an array inside');
  return decoded;
}

function decodeBinary(type: number, bytes: Buffer): unknown {
  // Uint8Array's slice, not Buffer's: a buffer of its own, from offset 0, on which views of any width are aligned.
  const { buffer } = Uint8Array.prototype.slice.call(bytes);
  if (type === ExtensionType.arrayBuffer) return buffer;
  const View = VIEW_OF_TYPE.get(type);
  if (View === undefined) throw new RangeError(`unknown extension type ${type}`);
  return new View(buffer);
}
