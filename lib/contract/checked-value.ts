import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { StandardIssue, StandardResult, StandardSchema } from './standard-schema.js';

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
  const issues = result.issues.slice(0, MAX_ISSUES).map(toldIssue);
  const [first] = issues;
  const more = result.issues.length > 1 ? ` (and ${result.issues.length - 1} more)` : '';
  const where = first === undefined || first.path === '' ? '' : ` at ${first.path}`;
  const message = `${checked.what} does not fit its schema${where}: ${first?.message ?? 'no reason is given'}${more}`;
  throw new RpcError(checked.status, message, { details: { issues }, retryable: false });
};

const resultOf = (schema: StandardSchema, value: unknown, { what }: Checked): StandardResult<unknown> => {
  let result: unknown;
  try {
    result = schema['~standard'].validate(value);
  } catch (cause) {
    throw new RpcError(
      RpcStatus.INTERNAL,
      `${what} cannot be checked, as its schema threw: ${RpcError.from(cause).message}`,
      {
        cause,
      },
    );
  }
  if (result instanceof Promise) {
    // Nobody waits for it.
    result.catch(() => undefined);
    throw unusable(what, 'it checks asynchronously. Leave that to a pipe or to the handler.');
  }
  if (typeof result === 'object' && result !== null) return result as StandardResult<unknown>;
  throw unusable(what, 'it gives no result.');
};

const unusable = (what: string, why: string): RpcError =>
  new RpcError(RpcStatus.FAILED_PRECONDITION, `The schema of ${lowerFirst(what)} cannot be used: ${why}`);

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

const toldIssue = ({ message, path }: StandardIssue): { path: string; message: string } => ({
  path: (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.'),
  message: String(message),
});
