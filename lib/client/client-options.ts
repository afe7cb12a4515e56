import { checkNames, checkString } from '../errors/option-checks.js';
import {
  durationMs,
  flag,
  integer,
  optional,
  namesOf,
  resolveOptions,
  text,
  type OptionTable,
  type Resolved,
} from '../errors/option-table.js';
import { MAX_STRING_BYTES, WIRE_OPTIONS, type WireOptions } from '../wire/wire-options.js';
import { checkHeaders, checkTimeoutMs, checkWhenNoServer, type WhenNoServer } from './kafka-rpc-record.js';
import {
  checkCallRetry,
  checkPatterns,
  checkRetryBudget,
  type CallRetryOptions,
  type PatternOptions,
  type RetryBudgetOptions,
} from './retries/call-retry-options.js';

/** Options that all clients of one connection share. `driver`, `interceptors` and `maxOpenCalls` matter most. */
export interface ConnectionOptions extends WireOptions {
  /** How many calls may wait for an answer or for the connection. More fail with `RESOURCE_EXHAUSTED`. @default 10000 */
  readonly maxOpenCalls?: number;
  /**
   * How often the servers of calls that are open for longer than this hear that the client still waits, in milliseconds; one small
   * record per partition. Servers end the calls of clients of which they hear nothing. 0: never, and servers do not wait
   * for it. @default 5000
   */
  readonly signOfLifeMs?: number;
}

/** Options for the calls to one service. */
export interface ServiceOptions {
  /** The `service` of the servers. */
  readonly service: string;
  /** The servers' `groupId`, where they have one of their own: who asks for the servers is told of that group. @default `${topics.prefix}rpc.${service}` */
  readonly groupId?: string;
  /** The deadline of a call, in milliseconds, unless the call sets its own. @default 10000 */
  readonly timeoutMs?: number;
  /** Headers of every call and event. Headers of the call override them. @default {} */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Whether calls made in a handler ignore the deadline and the cancellation of the handler's own call.
   * @default false
   */
  readonly detached?: boolean;
  /**
   * What a call does when its service has no server: `wait` for one until its deadline, or `fail` within a second with `UNAVAILABLE`. That
   * needs the right Describe on the servers' group; without it, calls wait and the log says so. @default 'wait'
   */
  readonly whenNoServer?: WhenNoServer;
  /** Whether, and when, calls that failed are sent again. @default none */
  readonly retry?: CallRetryOptions | false;
  /** Keeps retries from multiplying an outage; shared by all calls of the client. @default `{}` */
  readonly retryBudget?: RetryBudgetOptions;
  /** How many calls of one pattern may be open. More fail with `RESOURCE_EXHAUSTED`. @default no limit but `maxOpenCalls` */
  readonly maxOpenCallsPerPattern?: number;
  /** By pattern, as it stands in `context.getPattern()`: what holds for its calls. @default {} */
  readonly patterns?: Readonly<Record<string, PatternOptions>>;
}

/** The options of a `KafkaRpcClient` with a connection of its own: `service` and `driver` are required. */
export interface KafkaRpcClientOptions extends ConnectionOptions, ServiceOptions {}

/** The check of each option, with its default. */
const CONNECTION_OPTIONS = {
  ...WIRE_OPTIONS,
  maxOpenCalls: integer(10_000, 1),
  signOfLifeMs: durationMs(5_000, 0),
} satisfies OptionTable<ConnectionOptions>;

/** The check of each option, with its default. */
const SERVICE_OPTIONS = {
  service: text(),
  groupId: optional((given, name) => checkString(name, given, MAX_STRING_BYTES)),
  timeoutMs: (given) => checkTimeoutMs(given ?? 10_000),
  headers: (given) => Object.freeze(checkHeaders(given ?? {})),
  detached: flag(false),
  whenNoServer: (given, name) => checkWhenNoServer(given ?? 'wait', name),
  retry: checkCallRetry,
  retryBudget: checkRetryBudget,
  maxOpenCallsPerPattern: optional(integer(1, 1)),
  patterns: checkPatterns,
} satisfies OptionTable<ServiceOptions>;

export type ResolvedConnectionOptions = Resolved<typeof CONNECTION_OPTIONS>;
export type ResolvedServiceOptions = Resolved<typeof SERVICE_OPTIONS>;

export const CONNECTION_OPTION_NAMES = namesOf(CONNECTION_OPTIONS);
export const SERVICE_OPTION_NAMES = namesOf(SERVICE_OPTIONS);

/** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
export const resolveConnectionOptions = (options: ConnectionOptions): ResolvedConnectionOptions =>
  resolveOptions(CONNECTION_OPTIONS, options);

/** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
export const resolveServiceOptions = (options: ServiceOptions): ResolvedServiceOptions =>
  resolveOptions(SERVICE_OPTIONS, options);

/** @throws RpcError `INVALID_ARGUMENT` for a name that is no option of a client. */
export const checkClientOptionNames = (options: KafkaRpcClientOptions): void =>
  checkNames('KafkaRpcClient', options, [...SERVICE_OPTION_NAMES, ...CONNECTION_OPTION_NAMES]);
