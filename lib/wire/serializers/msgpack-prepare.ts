import { types } from 'node:util';
import { ExtData } from '@msgpack/msgpack';
import { RpcError } from '../../errors/rpc-error.js';
import type { MsgpackExtension } from './custom-extension.js';
import {
  encodeBigInt,
  encodeBuiltIn,
  encodeUtf16,
  ExtensionType,
  NEGATIVE_ZERO,
  UNDEFINED,
} from './msgpack-extensions.js';

export interface PrepareRules {
  readonly maxDepth: number;
  readonly maxElements: number;
  readonly extensions: readonly MsgpackExtension[];
  /** Encodes a prepared array, the content of a Map or a Set. The next call does not reuse the bytes. */
  encode(prepared: readonly unknown[]): Uint8Array;
}

/** The reason why a value cannot be sent, and the path to the place. It becomes an RpcError when the path is complete. */
export class Unsendable extends Error {
  /** From the innermost key outwards. */
  readonly path: (string | number)[] = [];
}

const BYTE_ORDER_MARK = 0xfeff;
const PATH_KEYS_SHOWN = 8;

/** `isWellFormed` is in every Node this package runs on, but not yet in the type library it is built with. */
type Text = string & { isWellFormed(): boolean };

/**
 * Turns a value into a tree that MessagePack can write. Values without a MessagePack type become `ExtData`.
 *
 * The library's own hook for extensions is not enough, because it never sees `undefined`, `-0` and strings.
 * Unchanged parts are not copied. Use one object per value. The limits are the same as in the receiver's scan.
 */
export class Preparation {
  private elements = 0;

  constructor(private readonly rules: PrepareRules) {}

  /**
   * @param key where it stands: what `toJSON` is given
   * @throws Unsendable
   */
  prepare(value: unknown, depth = 0, key: string | number = ''): unknown {
    switch (typeof value) {
      case 'boolean':
        return value;
      case 'number':
        return value === 0 && 1 / value < 0 ? NEGATIVE_ZERO : value;
      case 'string':
        return isUtf8(value) ? value : encodeUtf16(value);
      case 'undefined':
        return UNDEFINED;
      case 'bigint':
        return encodeBigInt(value);
      case 'object':
        return value === null ? null : this.prepareObject(value, depth, key);
      default:
        throw new Unsendable(`a ${typeof value} cannot be sent`);
    }
  }

  private prepareObject(value: object, depth: number, key: string | number): unknown {
    if (Array.isArray(value)) {
      return hasToJSON(value) ? this.prepareStated(value, depth, key) : this.prepareItems(value, depth);
    }
    // Among its fields is where its `toJSON` is found: a look for it in each object would cost more.
    if (isPlain(value)) return this.prepareFields(value, depth, key);
    const extended = this.prepareExtended(value, depth);
    if (extended !== undefined) return extended;
    return hasToJSON(value) ? this.prepareStated(value, depth, key) : this.prepareInstance(value, depth);
  }

  /** What an object's `toJSON` gives. That is not asked again, as in JSON: it may be the object itself, or one of its class. */
  private prepareStated(value: object, depth: number, key: string | number): unknown {
    const stated = asked(() => (value as { toJSON(key: string): unknown }).toJSON(String(key)));
    if (typeof stated !== 'object' || stated === null) return this.prepare(stated, depth, key);
    if (Array.isArray(stated)) return this.prepareItems(stated, depth);
    if (isPlain(stated)) return this.prepareFields(stated, depth);
    return this.prepareExtended(stated, depth) ?? this.prepareInstance(stated, depth);
  }

  /** What has a type of its own on the wire, the user's types first. */
  private prepareExtended(value: object, depth: number): unknown {
    for (const extension of this.rules.extensions) {
      const bytes = asked(() => extension.encode(value));
      if (bytes instanceof Uint8Array) return new ExtData(extension.type, bytes);
      if (bytes !== undefined)
        throw new Unsendable(`extension ${extension.type} gave ${typeof bytes}, not a Uint8Array`);
    }
    if (Buffer.isBuffer(value)) return value;
    if (types.isMap(value)) return this.prepareNested(ExtensionType.map, [...value].flat(), depth);
    if (types.isSet(value)) return this.prepareNested(ExtensionType.set, [...value], depth);
    return encodeBuiltIn(value);
  }

  /** A class of the user goes as its fields; a class of the platform has its state elsewhere and would go as `{}`. */
  private prepareInstance(value: object, depth: number): unknown {
    const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
    // It is not sent, and nobody will wait for it: its rejection would end the process.
    if (types.isPromise(value)) value.catch(() => undefined);
    if (tag !== 'Object') throw new Unsendable(`an object of type ${tag} cannot be sent`);
    return this.prepareFields(value, depth);
  }

  private prepareNested(type: number, items: readonly unknown[], depth: number): ExtData {
    return new ExtData(type, this.rules.encode(this.prepareItems(items, depth)));
  }

  private prepareItems(items: readonly unknown[], depth: number): readonly unknown[] {
    this.enter(depth, items.length);
    let copy: unknown[] | undefined;
    let index = 0;
    try {
      for (; index < items.length; index++) {
        const item = items[index];
        const prepared = this.prepare(item, depth + 1, index);
        if (prepared !== item) (copy ??= items.slice())[index] = prepared;
      }
    } catch (error) {
      throw within(index, error);
    }
    return copy ?? items;
  }

  /** @param key where it stands, if its `toJSON` is to be asked */
  private prepareFields(value: object, depth: number, key?: string | number): unknown {
    const fields = value as Record<string, unknown>;
    const keys = Object.keys(fields);
    this.enter(depth, keys.length * 2);
    let copy: Record<string, unknown> | undefined;
    let current = '';
    try {
      for (const name of keys) {
        current = name;
        if (name === '__proto__') throw new Unsendable('the key __proto__ cannot be sent');
        const field = fields[name];
        if (name === 'toJSON' && typeof field === 'function') {
          if (key !== undefined) return this.prepareStated(value, depth, key);
          delete (copy ??= { ...fields })['toJSON'];
          continue;
        }
        const prepared = this.prepare(field, depth + 1, name);
        if (prepared !== field) (copy ??= { ...fields })[name] = prepared;
      }
    } catch (error) {
      throw within(current, error);
    }
    return copy ?? fields;
  }

  private enter(depth: number, elements: number): void {
    const { maxDepth, maxElements } = this.rules;
    if (depth >= maxDepth) {
      throw new Unsendable(
        `nested deeper than ${maxDepth} levels: it contains itself, or maxDepth is too small`,
      );
    }
    this.elements += elements;
    if (this.elements > maxElements) throw new Unsendable(`more than ${maxElements} elements (maxElements)`);
  }
}

/** A path such as `value.user.tags[0]`. It is cut after some keys, because a cycle goes to the depth limit. */
export function pathOf(error: Unsendable): string {
  const keys = error.path.toReversed();
  const shown = keys.slice(0, PATH_KEYS_SHOWN);
  const text = shown.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  return `value${text}${keys.length > shown.length ? '…' : ''}`;
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const hasToJSON = (value: object): boolean =>
  typeof (value as { readonly toJSON?: unknown }).toJSON === 'function';

/** What code of the user gives; what it throws gets the path to the place. */
const asked = (code: () => unknown): unknown => {
  try {
    return code();
  } catch (cause) {
    throw new Unsendable(RpcError.from(cause).message, { cause });
  }
};

const within = (key: string | number, error: unknown): unknown => {
  if (error instanceof Unsendable) error.path.push(key);
  return error;
};

/** The decoder strips a leading byte order mark from long strings; a lone surrogate has no UTF-8. */
const isUtf8 = (text: string): boolean =>
  text.charCodeAt(0) !== BYTE_ORDER_MARK && (text as Text).isWellFormed();
