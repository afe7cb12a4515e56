import {
  checkArray,
  checkNames,
  checkObject,
  checkString,
  invalidOption,
} from '../../errors/option-checks.js';
import {
  durationMs,
  namesOf,
  optional,
  resolveOptions,
  type OptionTable,
} from '../../errors/option-table.js';
import type { AskOptions, ServicesOptions } from './asked-server.js';

/** What is asked, with nothing left open. */
export interface ResolvedAsk {
  readonly service: string;
  readonly id: string | undefined;
  readonly timeoutMs: number;
}

const SERVER_ID = /^[0-9a-f]{32}$/;

const DEFAULT_TIMEOUT_MS = 2_000;

const ASK_OPTIONS = {
  service: optional((given, name) => checkString(name, given)),
  id: optional((given, name) => checkId(name, given)),
  timeoutMs: durationMs(DEFAULT_TIMEOUT_MS, 1),
} satisfies OptionTable<AskOptions>;

const checkId = (name: string, id: unknown): string => {
  if (typeof id === 'string' && SERVER_ID.test(id)) return id;
  throw invalidOption(name, id, "a server's id: 32 hexadecimal digits");
};

/**
 * As NATS' clients have it, a name and an id; or one object.
 * @throws RpcError `INVALID_ARGUMENT`
 */
export const resolveAsk = (
  of: string | AskOptions | undefined,
  id: string | undefined,
  own: string,
): ResolvedAsk => {
  const options = typeof of === 'string' || of === undefined ? { service: of, id } : of;
  checkNames('A question to servers', checkObject('options', options), namesOf(ASK_OPTIONS));
  const { service = own, ...rest } = resolveOptions(ASK_OPTIONS, options);
  return { service, ...rest };
};

/** @throws RpcError `INVALID_ARGUMENT` */
export const resolveServices = (
  names: string | readonly string[] | undefined,
  options: ServicesOptions = {},
): { readonly names: readonly string[] | undefined; readonly timeoutMs: number } => {
  const { timeoutMs } = resolveAsk({ ...checkObject('options', options) }, undefined, '');
  if (names === undefined) return { names, timeoutMs };
  const list = typeof names === 'string' ? [names] : checkArray('names', names);
  return { names: list.map((name) => checkString('names', name)), timeoutMs };
};
