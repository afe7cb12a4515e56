import { checkFunction, checkNames, checkString, invalidOption } from '../errors/option-checks.js';
import {
  durationMs,
  flag,
  integer,
  namesOf,
  nested,
  resolveOptions,
  text,
  type OptionTable,
  type Resolved,
} from '../errors/option-table.js';
import { PACKAGE_VERSION } from '../protocol/package-version.js';
import {
  checkControlApart,
  checkDeadLettersApart,
  checkDelaysApart,
  checkRequestsApart,
  checkResultsApart,
} from '../protocol/topics.js';
import { WIRE_OPTIONS, type WireOptions } from '../wire/wire-options.js';
import { checkCommit, NO_RETRY, type CommitTime } from './commits/commit-policies.js';
import { checkFairness, type Fairness } from './limits/call-lanes.js';
import type { DeadLetterHook } from './dead-letters/failed-event.js';
import { checkMaxDeaths } from './deaths/partition-deaths.js';
import { checkGroupId, groupOfEach, type NameOf } from './group-ids.js';
import type { ExceptionMapping } from './handler-failure.js';
import { checkOverflow, type Overflow } from './streams/stream-policies.js';
import { checkRetry, resolveRetry, type RetryOptions } from './retries/retry-options.js';

/** What a server writes to `topics.deadLetters`, with the reason in the headers. */
export interface DeadLetterOptions {
  /**
   * Keeps a copy of each refused record. Invalid records then take space twice: limit the retention of the topic.
   * @default false
   */
  readonly refused?: boolean;
  /** Keeps each event whose handler failed for good, with what it failed with. It is finished when its letter is written. @default false */
  readonly failed?: boolean;
}

/** What a server remembers of the calls that it has had, so that one which stands in the log twice runs once. */
export interface DuplicateWindowOptions {
  /** How long a call is remembered, at least, in milliseconds. 0: not at all. @default 120000 */
  readonly ttlMs?: number;
  /**
   * How much memory that may take; with more, the oldest calls are forgotten early. A call takes 1 to 16 bytes. Also how much of a
   * partition is read, below its commit, when it is assigned: so what another server had is remembered. @default 8388608 (8 MiB)
   */
  readonly maxBytes?: number;
}

/** How long, and how much, a server keeps of results of calls with an `idempotencyKey`. */
export interface IdempotencyOptions {
  /** How long a result is kept, in milliseconds. Also the retention of the result topic when it is created. @default 86400000 (a day) */
  readonly ttlMs?: number;
  /**
   * How many bytes of results a server keeps in memory, and a new result topic in each partition; with more, the oldest are forgotten
   * early. @default 67108864 (64 MiB)
   */
  readonly maxBytes?: number;
}

/** Options of a `KafkaRpcServer`. `service` and `driver` are required; `concurrency` matters most. */
export interface KafkaRpcServerOptions extends WireOptions {
  /** The name that clients call, or several names. Each has its own request topic and group. */
  readonly service: string | readonly string[];
  /** The version of your service, for those who ask with `ping()`. @default the version of this package */
  readonly version?: string;
  /** The consumer group of a service. Servers with one group share the calls; two groups run every call twice. @default service => `${topics.prefix}rpc.${service}` */
  readonly groupId?: string | ((service: string) => string);
  /** How many handlers run at once. @default 128 */
  readonly concurrency?: number;
  /** Whose waiting calls take turns: those of each `'caller'`, of each `'key'`, or of nobody (`'none'`: as they came). @default 'caller' */
  readonly fairness?: Fairness;
  /**
   * How many handlers may run on without a place after their caller is gone, because they ignore their `signal`. A stuck dependency
   * then does not stop the server. Up to this many handlers run in addition to `concurrency`. They still hold their keys. @default 0
   */
  readonly maxAbandonedHandlers?: number;
  /**
   * Reading stops at this number of calls in hand, and continues at half of it. Calls that wait for an earlier call of their key
   * do not count: `maxQueuedRequestBytes` bounds them. @default 16384
   */
  readonly maxQueued?: number;
  /**
   * How many bytes of requests a server keeps in hand, inflated, plus or minus one record. One partition may use as many as are free
   * beside it. Beyond that, reading stops. @default 134217728 (128 MiB)
   */
  readonly maxQueuedRequestBytes?: number;
  /** How often the server commits finished work, in milliseconds. After a crash, calls since the last commit run again. @default 200 */
  readonly commitIntervalMs?: number;
  /**
   * How much a commit may say of what is finished above its offset, in characters, so that it does not run again after a restart:
   * no more than the broker's `offset.metadata.max.bytes`. Where that does not suffice for a partition, its reading pauses.
   * 0: nothing is said, and nothing pauses. @default 4096
   */
  readonly commitMetadataBytes?: number;
  /** What is remembered of calls that were had, so that one which stands in the log twice runs once. @default {} */
  readonly duplicateWindow?: DuplicateWindowOptions;
  /**
   * When a call is finished for the broker: `after` its handler has run and its answer is stored, so that it runs at least once; or
   * `before` its handler starts, so that it runs at most once, and its answer can be lost. A handler's own `commit`, in the `extras` of
   * its decorator, goes before. @default 'after'
   */
  readonly commit?: CommitTime;
  /**
   * Keeps the results of calls with an `idempotencyKey` in `topics.results`. Needs the rights to read and write that topic. Without it
   * such calls are refused. @default undefined
   */
  readonly idempotency?: IdempotencyOptions;
  /**
   * A call is given up when so many servers have died with it in their hands, the last time with it alone, or were thrown out of their
   * group by it: at least 3, as before that nobody can know that it was the call. 0: never. @default 3
   */
  readonly maxDeaths?: number;
  /** How long `close()` waits for running handlers and their replies, in milliseconds. @default 10000 */
  readonly gracePeriodMs?: number;
  /**
   * After so long without a sign of a client its calls end here, in milliseconds, and those that the handlers made for them: it
   * is taken for dead. At least four of the client's `signOfLifeMs`. Events run on. 0: such calls run until their deadlines. @default 30000
   */
  readonly clientSilenceMs?: number;
  /**
   * After this silence, in milliseconds, the broker gives a server's partitions to others. The broker refuses values below its
   * `group.min.session.timeout.ms` (6,000 by default). @default 6000
   */
  readonly sessionTimeoutMs?: number;
  /**
   * When the handler of a failed event runs again. Options of a handler's own `retry`, in the `extras` of `@EventPattern`, replace these.
   * A call runs again only if the `extras` of its `@MessagePattern` have a `retry`. @default {}: never
   */
  readonly retry?: RetryOptions;
  /**
   * Whether events that run later wait on the topic `topics.delays`, and not in the memory of this server. Needs that topic, and the
   * rights to read and write it. @default true if any event is retried, else false
   */
  readonly delays?: boolean;
  /** How many events from the delay topic a server keeps in memory. If more wait, it moves the oldest to the end of the topic. @default 50000 */
  readonly maxDelayed?: number;
  /** The same in bytes. @default 67108864 (64 MiB) */
  readonly maxDelayedBytes?: number;
  /** What is copied to the dead-letter topic: refused records, events that failed for good. @default {} */
  readonly deadLetter?: DeadLetterOptions;
  /**
   * Called with each event that failed for good, after its dead letter is written, if there is one. The server waits for its promise for
   * at most 10 s before it commits. An error is logged. @default undefined
   */
  readonly onDeadLetter?: DeadLetterHook;
  /**
   * What becomes of values of an Observable that come faster than the caller takes them: they wait in memory, all streams together
   * within `maxQueuedBytes` (`buffer`); or the stream fails with `RESOURCE_EXHAUSTED` when 1,024 of them or 1 MiB wait (`error`). A
   * handler's own `streamOverflow`, in the `extras` of its decorator, goes before. What is pulled, as generators are, waits itself.
   * @default 'buffer'
   */
  readonly streamOverflow?: Overflow;
  /**
   * Maps exceptions that were not made for a caller: returns the error for the caller, or undefined for the default. By default an
   * `HttpException` arrives with the fitting status, its text, and its response as details; anything else arrives as `INTERNAL`,
   * "Internal server error". `false` masks all of them, as Nest's own transports do. @default undefined
   */
  readonly mapException?: ExceptionMapping;
  /** Serve only handlers with this symbol as second argument of `@MessagePattern`. @default undefined: all */
  readonly transportId?: symbol;
}

const DEAD_LETTER_OPTIONS = {
  refused: flag(false),
  failed: flag(false),
} satisfies OptionTable<DeadLetterOptions>;

const DUPLICATE_WINDOW_OPTIONS = {
  ttlMs: durationMs(120_000, 0),
  maxBytes: integer(8 * 1024 * 1024, 65_536),
} satisfies OptionTable<DuplicateWindowOptions>;

const IDEMPOTENCY_OPTIONS = {
  ttlMs: durationMs(24 * 60 * 60 * 1000, 60_000),
  maxBytes: integer(64 * 1024 * 1024, 65_536),
} satisfies OptionTable<IdempotencyOptions>;

/** The check of each option, with its default. */
const SERVER_OPTIONS = {
  ...WIRE_OPTIONS,
  service: (given) => checkServices(given),
  version: text(PACKAGE_VERSION, 255),
  groupId: (given) => checkGroupId(given),
  concurrency: integer(128, 1),
  maxAbandonedHandlers: integer(0, 0),
  fairness: (given, name) => checkFairness(given ?? 'caller', name),
  maxQueued: integer(16_384, 1),
  maxQueuedRequestBytes: integer(128 * 1024 * 1024, 1_024),
  commitIntervalMs: durationMs(200, 1, 60_000),
  commitMetadataBytes: integer(4096, 0, 32_767),
  duplicateWindow: nested(DUPLICATE_WINDOW_OPTIONS),
  commit: (given, name) => checkCommit(given ?? 'after', name),
  idempotency: (given, name) => (given === undefined ? undefined : nested(IDEMPOTENCY_OPTIONS)(given, name)),
  maxDeaths: (given, name) => checkMaxDeaths(given ?? 3, name),
  gracePeriodMs: durationMs(10_000, 0),
  clientSilenceMs: durationMs(30_000, 0),
  sessionTimeoutMs: durationMs(6_000, 100),
  retry: (given, name) => checkServerRetry(given, name),
  delays: (given, name) => (given === undefined ? undefined : flag(false)(given, name)),
  maxDelayed: integer(50_000, 1),
  maxDelayedBytes: integer(64 * 1024 * 1024, 1_024),
  deadLetter: nested(DEAD_LETTER_OPTIONS),
  onDeadLetter: (given, name) => checkHook(given, name),
  streamOverflow: (given, name) => checkOverflow(given ?? 'buffer', name),
  mapException: (given, name) => checkExceptionMapping(given, name),
  transportId: (given) => checkTransportId(given),
} satisfies OptionTable<KafkaRpcServerOptions>;

export interface ResolvedServerOptions extends Omit<Resolved<typeof SERVER_OPTIONS>, 'service' | 'groupId'> {
  readonly services: readonly string[];
  readonly groupId: (service: string) => string;
}

/** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
export const resolveServerOptions = (options: KafkaRpcServerOptions): ResolvedServerOptions => {
  checkNames('KafkaRpcServer', options, namesOf(SERVER_OPTIONS));
  const { service: services, groupId, ...resolved } = resolveOptions(SERVER_OPTIONS, options);
  const { topics, deadLetter } = resolved;
  if (resolved.commit === 'before' && (resolved.retry.attempts ?? 1) > 1)
    throw invalidOption('retry', options.retry, NO_RETRY);
  checkTopicsDiffer('topics.requests', services, topics.requests);
  checkRequestsApart(topics, services);
  const hasLetters = deadLetter.refused || deadLetter.failed;
  if (resolved.idempotency !== undefined || options.topics?.results !== undefined)
    checkResultsApart(topics, services);
  if (options.topics?.control !== undefined) checkControlApart(topics, services);
  if (resolved.delays || options.topics?.delays !== undefined) checkDelaysApart(topics, services);
  if (hasLetters || options.topics?.deadLetters !== undefined) checkDeadLettersApart(topics, services);
  if (hasLetters) checkTopicsDiffer('topics.deadLetters', services, topics.deadLetters);
  return Object.freeze({
    ...resolved,
    services,
    groupId: groupOfEach(services, groupId, topics.group),
  });
};

/** Whether it can be filled in is known now; with what, only when it is laid under a handler's. */
const checkServerRetry = (given: unknown, name: string): ReturnType<typeof checkRetry> => {
  const checked = checkRetry(given, name);
  resolveRetry(name, checked);
  return checked;
};

const checkHook = (given: unknown, name: string): DeadLetterHook | undefined =>
  given === undefined ? undefined : checkFunction<DeadLetterHook>(name, given, 'of the failed event');

const checkServices = (service: unknown): readonly string[] => {
  const services = (Array.isArray(service) ? service : [service]).map((name) => checkString('service', name));
  if (services.length > 0 && new Set(services).size === services.length) return Object.freeze(services);
  throw invalidOption('service', service, 'a name, or an array of different names');
};

const checkTopicsDiffer = (option: string, services: readonly string[], topicOf: NameOf): void => {
  const topics = services.map(topicOf);
  if (new Set(topics).size === topics.length) return;
  throw invalidOption(option, topics, 'a function that gives each service a topic of its own');
};

const checkTransportId = (transportId: unknown): symbol | undefined => {
  if (transportId === undefined || typeof transportId === 'symbol') return transportId;
  throw invalidOption('transportId', transportId, 'a symbol');
};

const checkExceptionMapping = (given: unknown, name: string): ExceptionMapping => {
  if (given === undefined) return () => undefined;
  if (given === false || typeof given === 'function') return given as ExceptionMapping;
  throw invalidOption(
    name,
    given,
    'a function of the exception that gives an RpcError or undefined, or false',
  );
};
