import type { ReadPacket, WritePacket } from '@nestjs/microservices';
import { Observable, throwError, type Subscriber } from 'rxjs';
import type { CounterSnapshot } from '../diagnostics/counters.js';
import { guardSubscribers } from '../diagnostics/guarded-subscribers.js';
import type { DriverConnection } from '../driver/driver.js';
import { fromCall, RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { formatInstanceId } from '../protocol/instance-id.js';
import { followEnclosingCalls } from '../protocol/enclosing-call.js';
import { checkRequestsApart } from '../protocol/topics.js';
import { failureOfCall, recordWith, splitChecked, type AwaitedCallOptions } from './awaited-call-options.js';
import { AskingClient } from './asks/asking-client.js';
import { ServiceAsks } from './asks/service-asks.js';
import { ClientConnection, clientClosed } from './client-connection.js';
import { ClientEvents, type KafkaRpcClientEvents } from './client-events.js';
import type { KafkaRpcClientStatus } from './client-state.js';
import { clientHealth, type KafkaRpcClientHealth } from './client-health.js';
import {
  checkClientOptionNames,
  resolveConnectionOptions,
  resolveServiceOptions,
  type KafkaRpcClientOptions,
  type ServiceOptions,
} from './client-options.js';
import { ClientSession } from './client-session.js';
import { guardedObservable } from './guarded-observable.js';
import { KafkaRpcRecord, type CallOptions } from './kafka-rpc-record.js';
import type { OpenConnection } from './open-connection.js';
import type { CallObserver, OpenCall } from './pending-call.js';
import { PublishedCall, publishedLater, type AnsweredPacket } from './published-call.js';
import type { RpcReply } from './rpc-reply.js';
import { openStream } from './opened-stream.js';
import type { RpcStream } from './rpc-stream.js';
import { cancelledBy, SingleAnswer } from './single-answer.js';
import { splitStreamOptions, type StreamCallOptions } from './stream-options.js';
import { SubscribedCall, type AnswerHooks } from './subscribed-call.js';

/**
 * Calls the handlers of one service over Kafka, as any Nest `ClientProxy` does.
 *
 *     send → connection → outbox → [request topic]        [reply topic] → inbox → pending call → Observable
 *
 * Connects at the first call, or at `connect()`. Every call has a deadline and fails with an `RpcError`.
 */
export class KafkaRpcClient extends AskingClient {
  /** What `send()` passes over unless somebody overrides it. */
  private static readonly own = {
    connect: this.prototype.connect,
    publish: this.prototype.publish,
    createObserver: this.prototype.createObserver,
    createPacket: this.prototype.createPacket,
  };
  /** @internal */
  protected readonly serviceName: string;
  private readonly connection: ClientConnection;
  private readonly session: ClientSession;
  private readonly hooks: AnswerHooks;
  private readonly events: ClientEvents;
  /** @internal */
  protected readonly asks: ServiceAsks;

  /**
   * @param options the one object that Nest's `ClientsModule` passes on
   * @param connection the connection that `KafkaRpcModule` shares among its clients; without it the client has its own
   * @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. Does no I/O.
   */
  constructor(options: KafkaRpcClientOptions);
  /** @internal */
  constructor(options: ServiceOptions, connection: ClientConnection);
  constructor(options: KafkaRpcClientOptions | ServiceOptions, connection?: ClientConnection) {
    super();
    if (connection === undefined) checkClientOptionNames(options as KafkaRpcClientOptions);
    const service = resolveServiceOptions(options);
    followEnclosingCalls();
    this.connection =
      connection ?? new ClientConnection(resolveConnectionOptions(options as KafkaRpcClientOptions));
    // A service whose topic Kafka would not take is refused now, not at the first call.
    checkRequestsApart(this.connection.options.topics, [service.service]);
    const { userCode } = this.connection;
    this.serviceName = service.service;
    this.events = new ClientEvents((status) => this._status$.next(status), userCode);
    this.hooks = {
      userCode,
      toValue: (value) => this.serializeResponse(value),
      toThrown: (error) => this.serializeError(fromCall(error, 'client')),
    };
    const { topics } = this.connection.options;
    const groupOf = (name: string): string =>
      (name === service.service && service.groupId) || topics.group(name);
    this.session = new ClientSession(
      {
        service,
        servers: { group: groupOf(service.service), find: () => this.asks.find() },
        onEvent: (event) => this.events.publish(event),
        onOpened: () => this.events.opened(),
        onUnopened: (error) => this.events.unopened(error),
        normalize: (pattern) => this.normalizePattern(pattern as Parameters<typeof this.normalizePattern>[0]),
      },
      this.connection,
    );
    const open = (): Promise<OpenConnection> => this.session.connected();
    this.asks = new ServiceAsks(this.connection, { own: service.service, open, groupOf });
  }

  /** `connected`, `disconnected` or `crashed`. Emits the current one on subscription. */
  override get status(): Observable<KafkaRpcClientStatus> {
    const status = super.status as Observable<KafkaRpcClientStatus>;
    const { userCode } = this.hooks;
    return guardSubscribers(guardedObservable(status, userCode, 'listener'), userCode);
  }

  /** 32 hexadecimal digits, new with every connection object. */
  get id(): string {
    return formatInstanceId(this.connection.id);
  }

  /** A snapshot of the counters of this client's connection. */
  get counters(): CounterSnapshot {
    return this.connection.counters.snapshot();
  }

  /** How many calls of this client's connection wait for an answer. */
  get openCalls(): number {
    return this.connection.calls.size;
  }

  /** How this client is, known without asking the broker: the state, since when and why. For probes. */
  health(): KafkaRpcClientHealth {
    return clientHealth(this.events.history, this.openCalls);
  }

  /**
   * Connects early. Optional: the first call connects too. Can be repeated after a failure.
   * @throws RpcError `UNAVAILABLE` with the brokers tried; `FAILED_PRECONDITION` for topics that do not fit.
   */
  override async connect(): Promise<void> {
    if (this.session.sender !== undefined) return;
    try {
      await this.session.open();
    } catch (error) {
      throw failureOfCall(error);
    }
  }

  /** Ends this client's open calls with `CANCELLED`. Idempotent; a later call connects anew. */
  override async close(): Promise<void> {
    if (await this.session.close()) this.events.closed();
  }

  /** Listens to `connected`, `disconnected`, `crashed`, `position-lost` and `partitions-changed`. */
  override on<
    E extends keyof KafkaRpcClientEvents = keyof KafkaRpcClientEvents,
    C extends KafkaRpcClientEvents[E] = KafkaRpcClientEvents[E],
  >(event: E, callback: C): void {
    this.events.on(event, callback);
  }

  /** The connection of the driver. @throws RpcError `FAILED_PRECONDITION` when not connected. */
  override unwrap<T = DriverConnection>(): T {
    const { sender } = this.session;
    if (sender !== undefined) return sender.driver as T;
    throw new RpcError(RpcStatus.FAILED_PRECONDITION, 'The client is not connected: await connect() first.');
  }

  /**
   * Calls a handler that answers with one value. Resolves with the value, the server and the timings.
   * @throws RpcError the error of the call; `FAILED_PRECONDITION` if the handler answers with several values.
   */
  async call<T = unknown>(
    pattern: unknown,
    data: unknown,
    options?: AwaitedCallOptions,
  ): Promise<RpcReply<T>> {
    try {
      const { signal, callOptions } = splitChecked(options);
      if (signal?.aborted) throw cancelledBy(signal);
      const record = new KafkaRpcRecord(data, callOptions);
      const answer = new SingleAnswer<T>(this.connection.clock.now(), this.hooks);
      const start = this.startOf(pattern, record);
      if (signal !== undefined) answer.cancelOn(signal);
      return answer.bind(start(answer)).reply;
    } catch (error) {
      throw failureOfCall(error);
    }
  }

  /**
   * Calls a handler on subscription. Emits one value or many, then completes, or fails with an `RpcError`. Unsubscribing
   * cancels the call, at the server too.
   * @param data the data for the handler, or a record of `KafkaRpcRecordBuilder`
   */
  override send<TResult = unknown, TInput = unknown>(pattern: unknown, data: TInput): Observable<TResult> {
    // Nest's own refusal of what no transport can send.
    if (pattern == null || data == null) return super.send<TResult, TInput>(pattern, data);
    if (this.hasOverrides()) return super.send<TResult, TInput>(pattern, data);
    return new Observable<TResult>((subscriber) =>
      this.session.start(
        this.packet(pattern, data),
        new SubscribedCall(subscriber as Subscriber<unknown>, this.hooks),
      ),
    );
  }

  /**
   * Calls a handler that answers with a stream, anew for each subscriber and each `for await` loop. Such a loop brakes the handler: it is
   * ahead by a window at most.
   * @throws RpcError `INVALID_ARGUMENT` for options that are none
   */
  stream<T = unknown>(pattern: unknown, data: unknown, options?: StreamCallOptions): RpcStream<T> {
    const split = splitStreamOptions(options, data);
    const record = recordWith(data, split.callOptions);
    return openStream<T>(split, () => this.startOf(pattern, record), this.hooks);
  }

  /**
   * Sends an event, whether or not anybody subscribes. Completes when the broker has it.
   * @param options of this event, over those of a record that `data` may be
   */
  override emit<TResult = unknown, TInput = unknown>(
    pattern: unknown,
    data: TInput,
    options?: CallOptions,
  ): Observable<TResult> {
    let packet: unknown = data;
    try {
      if (options !== undefined && data != null) packet = recordWith(data, options);
      // Nest itself refuses what no transport can send.
      if (pattern != null && data != null) this.session.holdRoom();
    } catch (error) {
      return throwError(() => error as RpcError);
    }
    return guardedObservable(super.emit<TResult>(pattern, packet), this.hooks.userCode, 'observer');
  }

  /** Nest's way in for what is built on `ClientProxy`; `send()` does not take it. */
  protected override publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const call = this.session.start(packet, new PublishedCall(callback, this.hooks.userCode));
    return () => call.unsubscribe();
  }

  /** Nest 12 makes the packets of events with it, and all of those of a subclass that sends in its own way. */
  protected override createPacket<T>(pattern: unknown, data: T): ReadPacket<T> {
    return this.packet(pattern, data);
  }

  protected override async dispatchEvent<T = void>(packet: ReadPacket): Promise<T> {
    const { sender } = this.session;
    try {
      if (sender === undefined) throw clientClosed();
      return (await sender.event(packet)) as T;
    } catch (error) {
      throw failureOfCall(error);
    }
  }

  /** Whether Nest's own way has to be gone, as something on it was overridden or replaced. Costs four comparisons. */
  private hasOverrides(): boolean {
    const { own } = KafkaRpcClient;
    return (
      this.publish !== own.publish ||
      this.connect !== own.connect ||
      this.createObserver !== own.createObserver ||
      this.createPacket !== own.createPacket
    );
  }

  private packet<T>(pattern: unknown, data: T): ReadPacket<T> {
    const packet: ReadPacket<T> = { pattern, data };
    // Nest 12; Nest 11 has no such hook.
    const result: unknown = this.onDispatchHook?.(packet);
    if (result !== undefined) this.hooks.userCode.hear('hook', result);
    return packet;
  }

  private startOf(pattern: unknown, data: unknown): (answer: CallObserver) => OpenCall {
    if (this.hasOverrides()) return this.publisher(pattern, data);
    const packet = this.packet(pattern, data);
    return (answer) => this.session.start(packet, answer);
  }

  /** The way that a subclass gave to calls. */
  private publisher(pattern: unknown, data: unknown): (answer: CallObserver) => OpenCall {
    const publish = async (callback: (written: AnsweredPacket) => void): Promise<() => void> => {
      await this.connect();
      return this.publish(this.createPacket(pattern, data), callback);
    };
    return (answer) => publishedLater(publish, answer, this.hooks.userCode);
  }
}
