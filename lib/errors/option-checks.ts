import { RpcError } from './rpc-error.js';
import { RpcStatus } from './status.js';

/** The error for an option that cannot be used: its name, what it got, what it wants. */
export const invalidOption = (name: string, got: unknown, wants: string): RpcError =>
  new RpcError(RpcStatus.INVALID_ARGUMENT, `Option "${name}" is ${show(got)}, it must be ${wants}.`);

export const checkInteger = (
  name: string,
  value: unknown,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number => {
  // What is added makes 0 of -0.
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value + 0;
  throw invalidOption(name, value, `a whole number from ${min} to ${max}`);
};

/** A moment. @returns milliseconds since the epoch */
export const checkTime = (name: string, value: unknown): number => {
  const ms: unknown = value instanceof Date ? value.getTime() : value;
  if (typeof ms === 'number' && Number.isFinite(ms)) return ms;
  throw invalidOption(name, value, 'a valid Date, or milliseconds since the epoch');
};

/** The longest that a timer of Node waits: one of more fires at once. */
export const MAX_TIMER_MS = 0x7fff_ffff;

export const checkDurationMs = (
  name: string,
  value: unknown,
  minMs: number,
  maxMs: number = MAX_TIMER_MS,
): number => checkInteger(name, value, minMs, maxMs);

/** @param maxBytes of UTF-8 */
export const checkString = (name: string, value: unknown, maxBytes = Infinity): string => {
  if (typeof value !== 'string' || value === '')
    throw invalidOption(name, value, 'a string that is not empty');
  if (Buffer.byteLength(value) > maxBytes) {
    throw invalidOption(name, value, `a string of at most ${maxBytes} bytes of UTF-8`);
  }
  return value;
};

export const checkFunction = <F extends (...args: never[]) => unknown>(
  name: string,
  value: unknown,
  of: string,
): F => {
  if (typeof value === 'function') return value as F;
  throw invalidOption(name, value, `a function ${of}`);
};

/** False for a proxy that cannot be asked. */
const isArray = (value: unknown): value is readonly unknown[] => {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
};

export const checkObject = (name: string, value: unknown): object => {
  if (typeof value === 'object' && value !== null && !isArray(value)) return value;
  throw invalidOption(name, value, 'an object');
};

export const checkBoolean = (name: string, value: unknown): boolean => {
  if (typeof value === 'boolean') return value;
  throw invalidOption(name, value, 'true or false');
};

export const checkMethods = <T>(name: string, value: unknown, methods: readonly (keyof T & string)[]): T => {
  const has = (method: string): boolean =>
    typeof readOption(name, () => (value as Record<string, unknown>)[method]) === 'function';
  if (typeof value === 'object' && value !== null && methods.every(has)) return value as T;
  throw invalidOption(name, value, `an object with ${methods.map((method) => `${method}()`).join(', ')}`);
};

/** Whether it may hold options or headers by name: an array, a Map or `Headers` keeps what it holds elsewhere. */
export const isByName = (value: unknown): value is object => {
  try {
    return typeof value === 'object' && value !== null && !(Symbol.iterator in value);
  } catch {
    // A proxy that cannot be asked.
    return false;
  }
};

/** Refuses what is no object of options, before anything of it is read. */
export const checkOptions = (what: string, options: unknown, known: readonly string[]): void => {
  if (isByName(options)) return;
  const wants = `${what} wants an object of options. It has: ${known.join(', ')}.`;
  throw new RpcError(RpcStatus.INVALID_ARGUMENT, wants);
};

/** What `read` gives, of an object that is not ours. @throws RpcError `INVALID_ARGUMENT` naming the option, when that throws */
export const readOption = <Value>(name: string, read: () => Value): Value => {
  try {
    return read();
  } catch (cause) {
    const reason = RpcError.from(cause).message;
    const text = `Option "${name}" cannot be read: ${reason}`;
    throw new RpcError(RpcStatus.INVALID_ARGUMENT, text, { cause });
  }
};

/** Refuses names that no option has: a mistyped option must not be ignored in silence. */
export const checkNames = (what: string, options: object, known: readonly string[]): void => {
  checkOptions(what, options, known);
  for (const name of readOption(what, () => Object.keys(options))) {
    if (known.includes(name)) continue;
    throw new RpcError(
      RpcStatus.INVALID_ARGUMENT,
      `${what} has no option "${name}". It has: ${known.join(', ')}.`,
    );
  }
};

export const checkArray = (name: string, value: unknown): readonly unknown[] => {
  if (isArray(value)) return value;
  throw invalidOption(name, value, 'an array');
};

/** Never the content of an object: it may hold a secret. */
const show = (value: unknown): string => {
  try {
    return shown(value);
  } catch {
    return 'something that cannot be shown';
  }
};

const shown = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return `an object (${Object.keys(value).join(', ')})`;
  return typeof value === 'function' ? 'a function' : String(value);
};
