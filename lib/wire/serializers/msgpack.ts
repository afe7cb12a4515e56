import { Decoder, Encoder, ExtData, type ExtensionCodecType } from '@msgpack/msgpack';
import { checkArray, checkMethods, checkNames } from '../../errors/option-checks.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { Serializer } from '../serializer.js';
import { MAX_CUSTOM_TYPE, type MsgpackExtension } from './custom-extension.js';
import { BUILT_IN_TYPES, decodeBuiltIn, ExtensionType } from './msgpack-extensions.js';
import { pathOf, Preparation, Unsendable, type PrepareRules } from './msgpack-prepare.js';
import { ExtensionKind, scan, type ScanLimits } from './msgpack-scan.js';

/** Limits and extensions of `msgpack()`. The limits apply to sending and receiving. Use the same options on both sides. */
export interface MsgpackOptions {
  /**
   * Maximum nesting of arrays, objects, Maps and Sets, from 1 to 1,000.
   * @default 32
   */
  readonly maxDepth?: number;
  /**
   * Maximum number of array items, keys and values in one message. An item of one byte can take 56 bytes of memory (an empty
   * object), so the default limits a message to 6 MB. A typed array or a Buffer is one item.
   * @default 100_000
   */
  readonly maxElements?: number;
  /** Your own types. See `MsgpackExtension`. */
  readonly extensions?: readonly MsgpackExtension[];
}

const DEFAULT_MAX_DEPTH = 32;
const DEFAULT_MAX_ELEMENTS = 100_000;
const LARGEST_MAX_DEPTH = 1_000;

/** The encoder's own buffer grows to twice the largest message and never shrinks: past this it is given up. */
const MAX_ENCODER_BYTES = 1024 * 1024;

/**
 * The default serializer: MessagePack. It is small and binary, and a received value equals the sent value.
 *
 * These arrive with the same value and type: Date, BigInt, Map, Set, Buffer, every typed array, DataView, ArrayBuffer, `undefined`
 * (alone, in an array, in an object), NaN, the infinities, `-0`, and any string. Another object with a `toJSON` is sent as the result
 * of `toJSON`, as in JSON. An instance of another class is sent as a plain object with its own enumerable properties. Symbol keys
 * are omitted. A hole in an array arrives as `undefined`. An object that occurs twice arrives as two objects.
 *
 * These fail with `INVALID_ARGUMENT` and the path to the place: functions, symbols, cycles, an own key `__proto__`, and platform
 * objects without a type here and without a `toJSON` (Error, RegExp, Promise …). Send the needed parts of them, or add an
 * extension. `constructor` and `prototype` are ordinary keys and become own properties.
 *
 * A receiver checks the structure of the bytes before it decodes them. So hostile bytes fail with `INVALID_ARGUMENT`, fast and
 * without memory. 64-bit integers of other writers become numbers. You may keep received Buffers: they are views on a copy of
 * their message's payload, and do not hold the record.
 *
 * Cost: 0.5 µs each way for a small object, 10 µs for a kilobyte of fields, and one copy of a payload with Buffers.
 *
 * @throws RpcError `INVALID_ARGUMENT` when an option is out of its range.
 */
export function msgpack(options: MsgpackOptions = {}): Serializer {
  checkNames('msgpack()', options, ['maxDepth', 'maxElements', 'extensions']);
  const { maxDepth = DEFAULT_MAX_DEPTH, maxElements = DEFAULT_MAX_ELEMENTS } = options;
  const extensions = checkExtensions(options.extensions ?? []);
  checkRange('maxDepth', maxDepth, 1, LARGEST_MAX_DEPTH);
  checkRange('maxElements', maxElements, 1, Number.MAX_SAFE_INTEGER);
  const limits: ScanLimits = { maxDepth, maxElements, extensionKinds: extensionKinds(extensions) };
  const decode = createDecode(extensions);
  return {
    contentType: 'msgpack',
    serialize: createSerialize({ maxDepth, maxElements, extensions }),
    deserialize: (bytes) => {
      const keepsBytes = scan(bytes, limits);
      try {
        return decode(keepsBytes ? Buffer.from(bytes) : bytes);
      } catch (error) {
        throw malformed(error);
      }
    },
  };
}

function createSerialize(rules: Omit<PrepareRules, 'encode'>): Serializer['serialize'] {
  const createEncoder = () => new Encoder({ extensionCodec: ENCODE_ONLY, maxDepth: rules.maxDepth + 1 });
  let encoder = createEncoder();
  const encode = (prepared: unknown): Buffer => {
    // Faster than the encoder's own copy, because a small one comes from Node's pool.
    const bytes = Buffer.from(encoder.encodeSharedRef(prepared));
    if (bytes.length > MAX_ENCODER_BYTES) encoder = createEncoder();
    return bytes;
  };
  const prepareRules: PrepareRules = { ...rules, encode };
  return (value) => {
    try {
      return encode(new Preparation(prepareRules).prepare(value));
    } catch (error) {
      throw unsendable(error);
    }
  };
}

function createDecode(extensions: readonly MsgpackExtension[]): (bytes: Uint8Array) => unknown {
  const custom = new Map(extensions.map((extension) => [extension.type, extension]));
  // One decoder per level of Maps and Sets: a decoder in use would make a new one for each of them.
  const decoders: Decoder[] = [];
  let level = 0;
  const decode = (bytes: Uint8Array): unknown => {
    const decoder = (decoders[level++] ??= new Decoder({ extensionCodec }));
    try {
      return decoder.decode(bytes);
    } finally {
      level--;
    }
  };
  const extensionCodec: ExtensionCodecType<undefined> = {
    ...ENCODE_ONLY,
    decode: (data, type) => {
      const extension = custom.get(type);
      if (extension === undefined) return decodeBuiltIn(type, data, decode);
      return extension.decode(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    },
  };
  return decode;
}

/** Extensions are made in the preparation, so that the encoder has only to write them. */
const ENCODE_ONLY: ExtensionCodecType<undefined> = {
  tryToEncode: (value) => (value instanceof ExtData ? value : null),
  decode: (data, type) => new ExtData(type, data),
};

function extensionKinds(extensions: readonly MsgpackExtension[]): Uint8Array {
  const kinds = new Uint8Array(0x100);
  for (const type of BUILT_IN_TYPES) kinds[type & 0xff] = ExtensionKind.copied;
  kinds[ExtensionType.map] = ExtensionKind.nested;
  kinds[ExtensionType.set] = ExtensionKind.nested;
  for (const { type } of extensions) {
    checkRange('extensions: type', type, 0, MAX_CUSTOM_TYPE);
    if (kinds[type] !== ExtensionKind.unknown) throw invalid(`extensions: type ${type} stands there twice.`);
    kinds[type] = ExtensionKind.kept;
  }
  return kinds;
}

function checkExtensions(given: unknown): readonly MsgpackExtension[] {
  const extensions = checkArray('extensions', given);
  return extensions.map((each) => checkMethods<MsgpackExtension>('extensions', each, ['encode', 'decode']));
}

function checkRange(name: string, value: number, from: number, to: number): void {
  if (Number.isInteger(value) && value >= from && value <= to) return;
  throw invalid(`msgpack({ ${name} }) is ${String(value)}; it must be an integer from ${from} to ${to}.`);
}

function unsendable(error: unknown): RpcError {
  if (error instanceof Unsendable)
    return invalid(`Cannot serialize ${pathOf(error)}: ${error.message}.`, error.cause);
  return invalid(`Cannot serialize the value: ${textOf(error)}.`, error);
}

const malformed = (error: unknown): RpcError => invalid(`Not a msgpack value: ${textOf(error)}.`, error);

const textOf = (error: unknown): string => RpcError.from(error).message;

const invalid = (message: string, cause?: unknown): RpcError =>
  new RpcError(RpcStatus.INVALID_ARGUMENT, message, { cause });
