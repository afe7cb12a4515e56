import { RpcError } from '../errors/rpc-error.js';
import type { Serializer } from '../wire/serializer.js';

/** Deeper a member is left out whole. */
const MAX_DEPTH = 8;

const EMPTY = Buffer.alloc(0);

/**
 * An error's details as bytes. A member that cannot be sent is replaced by a note that says so, and why; the rest is sent.
 * Cost: nothing for details that can be sent; else each member is serialized by itself.
 */
export const serializeDetails = (details: unknown, serializer: Serializer): Buffer => {
  if (details === undefined) return EMPTY;
  try {
    return serializer.serialize(details);
  } catch (error) {
    return serializeRest(details, error, serializer);
  }
};

const serializeRest = (details: unknown, error: unknown, serializer: Serializer): Buffer => {
  try {
    return serializer.serialize(sendableOf(details, error, { serializer, depth: 0 }));
  } catch {
    // The error itself matters more than its details.
    return EMPTY;
  }
};

interface Walk {
  readonly serializer: Serializer;
  readonly depth: number;
}

/** @param error what the value failed with as a whole */
const sendableOf = (value: unknown, error: unknown, { serializer, depth }: Walk): unknown => {
  if (!isContainer(value) || depth >= MAX_DEPTH) return noteOf(error);
  const walk = { serializer, depth: depth + 1 };
  if (Array.isArray(value)) return value.map((_, i) => memberOf(value, i, walk));
  return Object.fromEntries(Object.keys(value).map((key) => [key, memberOf(value, key, walk)]));
};

const memberOf = (owner: object, key: PropertyKey, walk: Walk): unknown => {
  let member: unknown;
  try {
    member = Reflect.get(owner, key);
    walk.serializer.serialize(member);
    return member;
  } catch (error) {
    return sendableOf(member, error, walk);
  }
};

/** What has members of its own, and nothing more to it. */
const isContainer = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || value instanceof Error;
};

const noteOf = (error: unknown): string => `(cannot be sent: ${RpcError.from(error).message})`;
