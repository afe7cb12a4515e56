import { RpcError } from '../errors/rpc-error.js';
import type { Serializer } from '../wire/serializer.js';

/** Deeper a member is left out whole. */
const MAX_DEPTH = 8;

/** So many members are looked at one by one, of all together: what refers to itself has more than there is time for. */
const MAX_MEMBERS = 1_000;

const EMPTY = Buffer.alloc(0);

/**
 * An error's details as bytes. A member that cannot be sent is replaced by a note that says so, and why; the rest is sent.
 * Cost: nothing for details that can be sent; else each member is serialized by itself, of `MAX_MEMBERS` at most.
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
    return serializer.serialize(sendableOf(details, error, new Walk(serializer)));
  } catch {
    // The error itself matters more than its details.
    return EMPTY;
  }
};

/** The way down into details, one for all members. */
class Walk {
  private readonly owners: object[] = [];
  private membersLeft = MAX_MEMBERS;

  constructor(readonly serializer: Serializer) {}

  isWithin(value: unknown): boolean {
    return this.owners.includes(value as object);
  }

  /** @returns whether there is room for the members of this one. */
  enter(owner: object): boolean {
    const members = Array.isArray(owner) ? owner.length : Object.keys(owner).length;
    if (this.owners.length >= MAX_DEPTH || members > this.membersLeft) return false;
    this.membersLeft -= members;
    this.owners.push(owner);
    return true;
  }

  leave(): void {
    this.owners.pop();
  }
}

/** @param error what the value failed with as a whole */
const sendableOf = (value: unknown, error: unknown, walk: Walk): unknown => {
  if (!isContainer(value) || !walk.enter(value)) return noteOf(error);
  const sendable = Array.isArray(value)
    ? value.map((_, i) => memberOf(value, i, walk))
    : Object.fromEntries(Object.keys(value).map((key) => [key, memberOf(value, key, walk)]));
  walk.leave();
  // A name may be what cannot be sent.
  return sentOrNoted(sendable, walk);
};

const sentOrNoted = (value: unknown, { serializer }: Walk): unknown => {
  try {
    serializer.serialize(value);
    return value;
  } catch (error) {
    return noteOf(error);
  }
};

const memberOf = (owner: object, key: PropertyKey, walk: Walk): unknown => {
  let member: unknown;
  try {
    member = Reflect.get(owner, key);
    if (walk.isWithin(member)) return CIRCULAR;
    walk.serializer.serialize(member);
    return member;
  } catch (error) {
    return sendableOf(member, error, walk);
  }
};

/** What has members of its own, and nothing more to it. */
const isContainer = (value: unknown): value is object => {
  try {
    if (typeof value !== 'object' || value === null) return false;
    if (Array.isArray(value)) return true;
    // What does not say what it has, a proxy, throws here.
    Object.keys(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || prototype === Object.prototype || value instanceof Error;
  } catch {
    return false;
  }
};

const noteOf = (error: unknown): string => `(cannot be sent: ${RpcError.from(error).message})`;

const CIRCULAR = '(cannot be sent: it refers to what it is in)';
