import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { Observable } from 'rxjs';
import type { RefusedRecord } from '../diagnostics/channels.js';
import { Counters, type CounterSnapshot } from '../diagnostics/counters.js';
import { guardSubscribers } from '../diagnostics/guarded-subscribers.js';
import { guardedLog } from '../diagnostics/log.js';
import { reportedUserCode } from '../diagnostics/user-code.js';
import type { DriverConnection } from '../driver/driver.js';
import { checkDurationMs } from '../errors/option-checks.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { formatInstanceId, newInstanceId } from '../protocol/instance-id.js';
import type { ServerEndpoint } from '../protocol/pong.js';
import { waitAtMost } from '../wire/wait-at-most.js';
import { HandlerBatches } from './batches/handler-batches.js';
import { CommitPolicies } from './commits/commit-policies.js';
import type { Handlers } from './dispatch-parts.js';
import { HandlerSchemas } from './handler-schemas.js';
import { HandlerFailures } from './handler-failure.js';
import { CallLanes } from './limits/call-lanes.js';
import { HandlerPolicies } from './retries/handler-policies.js';
import { keepMaskedExceptions } from './masked-exceptions.js';
import { HookedExecution, type ProcessingHooks } from './processing-hooks.js';
import { RunningServer } from './running-server.js';
import { ServerEvents, type KafkaRpcServerEvents } from './server-events.js';
import type { KafkaRpcServerStatus } from './server-state.js';
import { ServerHealth, type KafkaRpcServerHealth, type ServerHealthOptions } from './server-health.js';
import { ServerLogLines } from './server-log-lines.js';
import {
  resolveServerOptions,
  type KafkaRpcServerOptions,
  type ResolvedServerOptions,
} from './server-options.js';
import { StreamPolicies } from './streams/stream-policies.js';

/**
 * Serves a Nest app's handlers over Kafka: give it to Nest as `strategy`.
 *
 * Servers with the same group share the calls of a service. A handler runs at least once for each call that does not expire, and can
 * run twice when a server dies or a partition moves.
 */
export class KafkaRpcServer
  extends Server<KafkaRpcServerEvents, KafkaRpcServerStatus>
  implements CustomTransportStrategy
{
  /** Nest 12: failures of event handlers are logged here, not by Nest as well. */
  override readonly propagatesEventHandlerErrors = true;
  private readonly options: ResolvedServerOptions;
  private readonly counts = new Counters();
  private readonly log = guardedLog(this.logger);
  private readonly userCode = reportedUserCode(this.counts, this.log);
  private readonly events = new ServerEvents((status) => this._status$.next(status), this.userCode);
  /** What Nest has in the place of a hook that nobody set. */
  private readonly noStartHook = this.onProcessingStartHook;
  private readonly lines = new ServerLogLines(this.log);
  /** New with every `listen()`: no two runs of a call ever have the same server and number. */
  private instanceId = newInstanceId();
  private readonly processingHooks: ProcessingHooks = {
    start: (context, done) => this.onProcessingStartHook(this.hookTransportId, context, done),
    end: (context) => this.onProcessingEndHook?.(this.hookTransportId, context),
  };
  private readonly healthWatch = new ServerHealth(this.events.history, () => {
    const { callsStarted, eventsStarted } = this.counts.snapshot();
    return 2 * (callsStarted + eventsStarted) - (this.running?.runningHandlers ?? 0);
  });
  private starting: Promise<RunningServer> | undefined;
  /** Ends what is starting; undefined when nothing is. */
  private startingEnd: AbortController | undefined;
  private closing: Promise<unknown> | undefined;
  private running: RunningServer | undefined;

  /** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. Does no I/O. */
  constructor(options: KafkaRpcServerOptions) {
    super();
    this.options = resolveServerOptions(options);
    if (this.options.transportId !== undefined) this.transportId = this.options.transportId;
    if (this.options.mapException !== false) keepMaskedExceptions();
  }

  /** 32 hexadecimal digits, new with every `listen()`. Callers see it as `serverId`. */
  get id(): string {
    return formatInstanceId(this.instanceId);
  }

  /** `connected`, `disconnected`, `rebalancing`, `crashed` or `stopped`. Emits the current one on subscription. */
  override get status(): Observable<KafkaRpcServerStatus> {
    const status = super.status;
    const guarded = new Observable<KafkaRpcServerStatus>((subscriber) =>
      // What one subscriber throws, out of a `finalize()` for instance, would keep the others from being told.
      status.subscribe((value) => void this.userCode.run('listener', () => subscriber.next(value))),
    );
    return guardSubscribers(guarded, this.userCode);
  }

  /** A snapshot of the counters. */
  get counters(): CounterSnapshot {
    return this.counts.snapshot();
  }

  /** How many calls are queued or running, including those whose caller is gone. */
  get callsInHand(): number {
    return this.running?.callsInHand ?? 0;
  }

  /** How many handlers run on although their caller is gone, because they ignore their `signal`. */
  get abandonedHandlers(): number {
    return this.running?.abandonedHandlers ?? 0;
  }

  /**
   * How this server is, known without asking the broker: the state, since when and why, whether it is ready and live. For probes.
   * @throws RpcError `INVALID_ARGUMENT` for a `stuckAfterMs` that is no number of milliseconds
   */
  health({ stuckAfterMs = STUCK_AFTER_MS }: ServerHealthOptions = {}): KafkaRpcServerHealth {
    checkDurationMs('stuckAfterMs', stuckAfterMs, 1);
    return this.healthWatch.health(this.running, stuckAfterMs);
  }

  /**
   * Connects, creates or checks the topics, joins the groups. Called by Nest. After a failure it can be called again.
   * @param callback called without an argument when calls are served, or with the error
   */
  listen(callback: (error?: unknown) => void): void {
    const tell = (...error: unknown[]): void => void this.userCode.run('listener', () => callback(...error));
    this.start().then(() => tell(), tell);
  }

  /** Lets running handlers and their replies finish, commits, leaves the groups. Idempotent. Called by Nest. */
  async close(): Promise<void> {
    const closing = Promise.all([this.closing, this.stop()]);
    this.closing = closing;
    await closing;
    if (this.closing === closing) this.closing = undefined;
  }

  /** Listens to `connected`, `disconnected`, `rebalancing`, `crashed`, `refused`, `position-lost` and `partitions-changed`. */
  override on<
    E extends keyof KafkaRpcServerEvents = keyof KafkaRpcServerEvents,
    C extends KafkaRpcServerEvents[E] = KafkaRpcServerEvents[E],
  >(event: E, callback: C): void {
    this.events.on(event, callback);
  }

  /** The driver's connection. @throws RpcError `FAILED_PRECONDITION` when the server does not run. */
  override unwrap<T = DriverConnection>(): T {
    if (this.running !== undefined) return this.running.driver as T;
    throw new RpcError(RpcStatus.FAILED_PRECONDITION, 'The server does not run: await listen() first.');
  }

  private get hookTransportId(): symbol {
    return typeof this.transportId === 'symbol' ? this.transportId : TRANSPORT;
  }

  private async start(): Promise<void> {
    if (this.starting === undefined) this.events.starting();
    const starting = (this.starting ??= this.connect((this.startingEnd = new AbortController())));
    try {
      const server = await untilClosed(starting, this.startingEnd?.signal);
      if (this.starting !== starting) throw closedMeanwhile();
      this.startingEnd = undefined;
      this.running = server;
      this.events.started();
    } catch (error) {
      const failure = RpcError.from(error);
      if (this.starting === starting) {
        this.starting = undefined;
        this.events.failedToStart(failure);
      }
      throw failure;
    }
  }

  private async stop(): Promise<void> {
    const { starting } = this;
    this.starting = undefined;
    if (this.running !== undefined) this.events.closing();
    this.startingEnd?.abort();
    const server = starting === undefined ? undefined : await startedSoon(starting);
    await server?.close();
    // A server that listens again meanwhile is not the one that stopped.
    if (server === undefined || this.starting !== undefined) return;
    this.running = undefined;
    this.events.stopped();
  }

  private async connect({ signal }: AbortController): Promise<RunningServer> {
    const id = newInstanceId();
    this.instanceId = id;
    const driver = await this.options.driver.connect({
      clientId: this.options.clientId,
      log: this.log,
      onEvent: (event) => {
        if (event.type === 'throttled') this.counts.add('throttles');
        this.events.publish(event);
      },
      signal,
    });
    const commits = new CommitPolicies(this.messageHandlers, this.options);
    const lanes = this.callLanes();
    const hooks = {
      lanes,
      handlers: { ...this.nestHandlers(commits), limits: lanes },
      onRefused: (refused: RefusedRecord) => this.onRefused(refused),
      onDeadLetterLost: this.lines.onDeadLetterLost,
      onCommitError: this.lines.onCommitError,
      onPutOffFailed: this.lines.onPutOffFailed,
      onLetterFailed: this.lines.onLetterFailed,
      onResultsFailed: this.lines.onResultsFailed,
      policies: new HandlerPolicies(this.messageHandlers, this.options.retry, this.userCode, commits),
      log: this.log,
      endpoints: () => this.endpoints(),
    };
    return RunningServer.start(driver, this.options, hooks, { id, counters: this.counts, signal });
  }

  private callLanes(): CallLanes {
    return new CallLanes(this.messageHandlers, this.options.fairness, (name) => this.findHandler(name));
  }

  private endpoints(): readonly ServerEndpoint[] {
    return [...this.messageHandlers].map(([pattern, { isEventHandler }]) => ({
      pattern,
      kind: isEventHandler ? 'event' : 'message',
    }));
  }

  private onRefused(refused: RefusedRecord): void {
    this.lines.refused(refused);
    this.events.tell('refused', refused);
  }

  private nestHandlers(commits: CommitPolicies): Handlers {
    return {
      commits,
      streams: new StreamPolicies(this.messageHandlers, this.options),
      schemas: new HandlerSchemas(this.messageHandlers),
      batches: new HandlerBatches(this.messageHandlers),
      find: (pattern) => this.findHandler(pattern),
      hasHooks: () =>
        this.onProcessingStartHook !== this.noStartHook || this.onProcessingEndHook !== undefined,
      userCode: this.userCode,
      runWithHooks: (context, execution, handle) =>
        new HookedExecution(this.processingHooks, context, execution, this.userCode).run(handle),
      onEventError: this.lines.onEventError,
      onGivenUp: this.lines.onGivenUp,
      onRetry: this.lines.onRetry,
      failures: new HandlerFailures(this.options.mapException, this.userCode, (line) => this.log.error(line)),
    };
  }

  /** Nest's own lookup tries each pattern as JSON first, which throws inside for plain strings: only for what has other spellings. */
  private findHandler(pattern: string): MessageHandler | undefined {
    return this.messageHandlers.get(pattern) ?? this.getHandlerByPattern(pattern) ?? undefined;
  }
}

/** What hooks hear when no `transportId` was given: Nest's tracing tells transports apart by it. */
const TRANSPORT = Symbol.for('nestjs-kafka-rpc');

/** @see ServerHealthOptions */
const STUCK_AFTER_MS = 300_000;

const closedMeanwhile = (): RpcError =>
  new RpcError(RpcStatus.CANCELLED, 'The server was closed while it started.');

/** How long `close()` waits for a start to end. */
const END_OF_START_MS = 1_000;

/** @throws RpcError `CANCELLED` as soon as the server is closed, whatever the start comes to */
const untilClosed = (starting: Promise<RunningServer>, signal?: AbortSignal): Promise<RunningServer> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(closedMeanwhile());
    signal?.addEventListener('abort', onAbort, { once: true });
    starting.finally(() => signal?.removeEventListener('abort', onAbort)).then(resolve, reject);
  });

/** What has started, or starts soon. A driver that does not end its attempt is not waited for: the server that comes of it is closed then. */
const startedSoon = async (starting: Promise<RunningServer>): Promise<RunningServer | undefined> => {
  let started: RunningServer | undefined;
  let isLate = false;
  const ended = starting.then(
    (server) => (isLate ? server.close() : void (started = server)),
    () => undefined,
  );
  ended.catch(() => undefined);
  await waitAtMost(ended, END_OF_START_MS);
  isLate = started === undefined;
  return started;
};
