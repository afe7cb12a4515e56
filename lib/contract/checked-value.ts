import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { StandardIssue, StandardSchema } from './standard-schema.js';

/** What is checked, and who is told when it does not fit. */
export interface Checked {
  /** Such as `The data of "sum.add"`. */
  readonly what: string;
  /** `INVALID_ARGUMENT` for what a caller gave, `INTERNAL` for what a server gave. */
  readonly status: RpcStatus;
}

/** At most so many are told: a list of a million wrong values has a million of them. */
const MAX_ISSUES = 20;

/**
 * The value as its schema reads it.
 * @throws RpcError of `checked.status` with the issues, `{ path, message }` each, in its details; `FAILED_PRECONDITION` for a schema that
 * cannot be used
 */
export const checkedValue = (schema: StandardSchema, value: unknown, checked: Checked): unknown => {
  const result = resultOf(schema, value, checked);
  if (result.issues === undefined) return result.value;
  const { issues, count } = result;
  const [first] = issues;
  const more = count > 1 ? ` (and ${count - 1} more)` : '';
  const where = first === undefined || first.path === '' ? '' : ` at ${first.path}`;
  const message = `${checked.what} does not fit its schema${where}: ${first?.message ?? 'no reason is given'}${more}`;
  throw new RpcError(checked.status, message, { details: { issues }, retryable: false });
};

/** What a schema gave, as far as it can be used. */
type Read =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly ToldIssue[]; readonly count: number };

interface ToldIssue {
  readonly path: string;
  readonly message: string;
}

const resultOf = (schema: StandardSchema, value: unknown, { what }: Checked): Read => {
  let read: Read | string;
  try {
    read = readResult(schema['~standard'].validate(value));
  } catch (cause) {
    const message = `${what} cannot be checked, as its schema threw: ${RpcError.from(cause).message}`;
    throw new RpcError(RpcStatus.INTERNAL, message, { cause });
  }
  if (typeof read === 'string') throw unusable(what, read);
  return read;
};

/** @returns what is wrong with it, for what is no result. @throws what looking at it throws */
const readResult = (result: unknown): Read | string => {
  if (typeof result !== 'object' || result === null) return 'it gives no result.';
  const { then, value, issues } = result as Partial<Record<string, unknown>>;
  if (typeof then === 'function') {
    // Nobody waits for it.
    new Promise((resolve) => resolve(result)).catch(() => undefined);
    return 'it checks asynchronously. Leave that to a pipe or to the handler.';
  }
  if (issues === undefined) return { value };
  if (!Array.isArray(issues)) return 'its issues are no list.';
  return { issues: issues.slice(0, MAX_ISSUES).map(toldIssue), count: issues.length };
};

const unusable = (what: string, why: string): RpcError =>
  new RpcError(RpcStatus.FAILED_PRECONDITION, `The schema of ${lowerFirst(what)} cannot be used: ${why}`);

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

const toldIssue = (issue: Partial<StandardIssue> | null | undefined): ToldIssue => {
  const { message = 'no reason is given', path = [] } = issue ?? {};
  return { path: Array.isArray(path) ? path.map(shownPart).join('.') : '', message: String(message) };
};

const shownPart = (part: unknown): string =>
  String(typeof part === 'object' && part !== null ? (part as { readonly key?: unknown }).key : part);
