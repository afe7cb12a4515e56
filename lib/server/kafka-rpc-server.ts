import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import type { RefusedRecord } from '../diagnostics/channels.js';
import { Counters, type CounterSnapshot } from '../diagnostics/counters.js';
import { RateLimitedLog } from '../diagnostics/rate-limited-log.js';
import type { RefusalReason } from '../diagnostics/refusal-reasons.js';
import type { DriverConnection, DriverLog } from '../driver/driver.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { formatInstanceId, newInstanceId } from '../protocol/instance-id.js';
import { refusalLine } from '../wire/refusal.js';
import type { Handlers } from './dispatcher.js';
import type { KafkaRpcContext } from './kafka-rpc-context.js';
import { RunningServer } from './running-server.js';
import { ServerEvents, type KafkaRpcServerEvents, type KafkaRpcServerStatus } from './server-events.js';
import {
  resolveServerOptions,
  type KafkaRpcServerOptions,
  type ResolvedServerOptions,
} from './server-options.js';

/**
 * Serves a Nest app's handlers over Kafka: give it to Nest as `strategy`.
 *
 * A call is answered at least once, whatever dies meanwhile; servers with the same group share the calls of a service.
 */
export class KafkaRpcServer
  extends Server<KafkaRpcServerEvents, KafkaRpcServerStatus>
  implements CustomTransportStrategy
{
  /** Nest 12: failures of event handlers are logged here, not by Nest as well. */
  override readonly propagatesEventHandlerErrors = true;
  private readonly options: ResolvedServerOptions;
  private readonly counts = new Counters();
  private readonly instanceId = newInstanceId();
  private readonly events = new ServerEvents(
    (status) => this._status$.next(status),
    (event, error) => this.logger.error(`A listener of "${event}" failed: ${describe(error)}`),
  );
  /** What Nest has in the place of a hook that nobody set. */
  private readonly noStartHook = this.onProcessingStartHook;
  private readonly refusals = new RateLimitedLog<RefusalReason | 'dead letter'>((line) =>
    this.logger.warn(line),
  );
  private starting: Promise<RunningServer> | undefined;
  /** Ends what is starting. */
  private startingEnd = new AbortController();
  private running: RunningServer | undefined;

  /** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. Does no I/O. */
  constructor(options: KafkaRpcServerOptions) {
    super();
    this.options = resolveServerOptions(options);
    if (this.options.transportId !== undefined) this.transportId = this.options.transportId;
  }

  /** 32 hexadecimal digits, new with every server object. Callers see it as `serverId`. */
  get id(): string {
    return formatInstanceId(this.instanceId);
  }

  /** What was counted so far. */
  get counters(): CounterSnapshot {
    return this.counts.snapshot();
  }

  /** Calls that are queued or running. */
  get callsInHand(): number {
    return this.running?.callsInHand ?? 0;
  }

  /**
   * Connects, creates or checks the topics, joins the groups. Called by Nest. After a failure it can be called again.
   * @param callback told of the failure, or of nothing when calls are being served
   */
  listen(callback: (error?: unknown) => void): void {
    this.start().then(
      () => callback(),
      (error: unknown) => callback(error),
    );
  }

  /** Lets running handlers and their replies finish, commits, leaves the groups. Idempotent. Called by Nest. */
  async close(): Promise<void> {
    const { starting } = this;
    if (starting !== undefined && this.running === undefined) this.startingEnd.abort();
    this.starting = undefined;
    this.running = undefined;
    const server = await starting?.catch(() => undefined);
    if (server === undefined) return;
    await server.close();
    this.events.stopped();
  }

  /** Told of `connected`, `disconnected`, `rebalancing`, `crashed`, `refused`, `position-lost` and `partitions-changed`. */
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

  private async start(): Promise<void> {
    const starting = (this.starting ??= this.connect());
    try {
      const server = await starting;
      if (this.starting === starting) this.running = server;
    } catch (error) {
      if (this.starting === starting) this.starting = undefined;
      throw RpcError.from(error);
    }
  }

  private async connect(): Promise<RunningServer> {
    this.startingEnd = new AbortController();
    const driver = await this.options.driver.connect({
      clientId: this.options.clientId,
      log: this.driverLog(),
      onEvent: (event) => this.events.publish(event),
      signal: this.startingEnd.signal,
    });
    const hooks = {
      handlers: this.nestHandlers(),
      onRefused: (refused: RefusedRecord) => this.onRefused(refused),
      onDeadLetterLost: (error: RpcError) =>
        this.refusals.add(
          'dead letter',
          () => `A refused record is lost, not dead-lettered: ${error.message}`,
        ),
      onCommitError: (error: unknown) => this.logger.log(`Commit put off: ${RpcError.from(error).message}`),
    };
    return RunningServer.start(driver, this.options, hooks, { id: this.instanceId, counters: this.counts });
  }

  private onRefused(refused: RefusedRecord): void {
    this.refusals.add(refused.reason, () => refusalLine(refused));
    this.events.tell('refused', refused);
  }

  private nestHandlers(): Handlers {
    return {
      find: (pattern) => this.findHandler(pattern),
      hasHooks: () =>
        this.onProcessingStartHook !== this.noStartHook || this.onProcessingEndHook !== undefined,
      runWithHooks: (context, handle) => this.runWithHooks(context, handle),
      onEventError: (pattern, error) => this.logger.error(`Event "${pattern}" failed: ${describe(error)}`),
    };
  }

  /** Nest's own lookup tries each pattern as JSON first, which throws inside for plain strings: only for what has other spellings. */
  private findHandler(pattern: string): MessageHandler | undefined {
    return this.messageHandlers.get(pattern) ?? this.getHandlerByPattern(pattern) ?? undefined;
  }

  private async runWithHooks(context: KafkaRpcContext, handle: () => Promise<void>): Promise<void> {
    await this.onProcessingStartHook(this.transportId as symbol, context, async () => {
      await handle();
      this.onProcessingEndHook?.(this.transportId as symbol, context);
    });
  }

  private driverLog(): DriverLog {
    return {
      debug: (message) => this.logger.debug?.(message),
      info: (message) => this.logger.log(message),
      warn: (message) => this.logger.warn(message),
      error: (message) => this.logger.error(message),
    };
  }
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error);
