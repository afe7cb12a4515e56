import { Logger } from '@nestjs/common';
import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { Observable, type Subscriber } from 'rxjs';
import type { CounterSnapshot } from '../diagnostics/counters.js';
import { describeError } from '../diagnostics/describe-error.js';
import { guardedLog } from '../diagnostics/log.js';
import type { DriverConnection } from '../driver/driver.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { formatInstanceId } from '../protocol/instance-id.js';
import { CallSender, timeoutOf } from './call-sender.js';
import type { Caller } from './caller.js';
import { ClientConnection, clientClosed } from './client-connection.js';
import { ClientEvents, type KafkaRpcClientEvents, type KafkaRpcClientStatus } from './client-events.js';
import {
  checkClientOptionNames,
  resolveConnectionOptions,
  resolveServiceOptions,
  type KafkaRpcClientOptions,
  type ServiceOptions,
} from './client-options.js';
import { callWhenConnected } from './connecting-call.js';
import { KafkaRpcRecord, type CallOptions } from './kafka-rpc-record.js';
import { ENDED_CALL, type CallObserver, type OpenCall } from './pending-call.js';
import type { RpcReply } from './rpc-reply.js';
import { cancelledBy, SingleAnswer } from './single-answer.js';
import { SubscribedCall } from './subscribed-call.js';

/** Options of `call()`. */
export interface AwaitedCallOptions extends CallOptions {
  /** Aborting it cancels the call, at the server too. */
  readonly signal?: AbortSignal;
}

/**
 * Calls the handlers of one service over Kafka, as any Nest `ClientProxy` does.
 *
 *     send → connection → outbox → [request topic]        [reply topic] → inbox → pending call → Observable
 *
 * Connects at the first call, or at `connect()`. Every call has a deadline and fails with an `RpcError`.
 */
export class KafkaRpcClient extends ClientProxy<KafkaRpcClientEvents> {
  private readonly caller: Caller;
  private readonly connection: ClientConnection;
  private readonly log = guardedLog(new Logger('KafkaRpcClient'));
  private readonly events = new ClientEvents(
    (status) => this._status$.next(status),
    (event, error) => this.log.error(`A listener of "${event}" failed: ${describeError(error)}`),
  );
  private readonly toThrown = (error: RpcError): unknown => this.serializeError(error);
  private opening: Promise<CallSender> | undefined;
  private sender: CallSender | undefined;

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
    this.caller = {
      service: resolveServiceOptions(options),
      onEvent: (event) => this.events.publish(event),
      normalize: (pattern) => this.normalizePattern(pattern as Parameters<typeof this.normalizePattern>[0]),
    };
    this.connection = connection ?? ownConnection(options as KafkaRpcClientOptions);
    // A service whose topic Kafka would not take is refused now, not at the first call.
    this.connection.options.topics.requests(this.caller.service.service);
  }

  /** `connected`, `disconnected` or `crashed`, the present one at once. */
  override get status(): Observable<KafkaRpcClientStatus> {
    return super.status as Observable<KafkaRpcClientStatus>;
  }

  /** 32 hexadecimal digits, new with every connection object. */
  get id(): string {
    return formatInstanceId(this.connection.id);
  }

  /** What was counted on this client's connection so far. */
  get counters(): CounterSnapshot {
    return this.connection.counters.snapshot();
  }

  /** How many calls on this client's connection wait for an answer. */
  get openCalls(): number {
    return this.connection.calls.size;
  }

  /**
   * Resolves when calls can be sent and answered. Not needed: the first call connects. After a failure it can be repeated.
   * @throws RpcError `UNAVAILABLE` with the brokers tried; `FAILED_PRECONDITION` for topics that do not fit.
   */
  override async connect(): Promise<void> {
    if (this.sender === undefined) await this.open();
  }

  /** Ends this client's open calls with `CANCELLED`. Idempotent; a later call connects anew. */
  override async close(): Promise<void> {
    const wasOpen = this.opening !== undefined;
    this.opening = undefined;
    this.sender = undefined;
    this.connection.calls.failAllOf(this.caller, clientClosed());
    await this.connection.release(this.caller);
    if (wasOpen && this.opening === undefined) this.events.publish({ type: 'disconnected' });
  }

  /** Told of `connected`, `disconnected`, `crashed`, `position-lost` and `partitions-changed`. */
  override on<
    E extends keyof KafkaRpcClientEvents = keyof KafkaRpcClientEvents,
    C extends KafkaRpcClientEvents[E] = KafkaRpcClientEvents[E],
  >(event: E, callback: C): void {
    this.events.on(event, callback);
  }

  /** The driver's connection, for what this class does not offer. @throws RpcError `FAILED_PRECONDITION` when not connected. */
  override unwrap<T = DriverConnection>(): T {
    if (this.sender !== undefined) return this.sender.driver as T;
    throw new RpcError(RpcStatus.FAILED_PRECONDITION, 'The client is not connected: await connect() first.');
  }

  /**
   * Calls a handler that answers with one value, and tells who answered and where the time went.
   * @throws RpcError what the call failed with; `FAILED_PRECONDITION` for a handler that answers with several values.
   */
  async call<T = unknown>(
    pattern: unknown,
    data: unknown,
    options: AwaitedCallOptions = {},
  ): Promise<RpcReply<T>> {
    const { signal, ...callOptions } = options;
    if (signal?.aborted) throw cancelledBy(signal);
    const packet = this.packet(pattern, new KafkaRpcRecord(data, callOptions));
    const answer = new SingleAnswer<T>(this.connection.clock.now());
    return answer.bind(this.start(packet, answer), signal).reply;
  }

  /**
   * Calls a handler when the Observable is subscribed to: one value or many, then the end, or an `RpcError`. Unsubscribing
   * cancels the call, at the server too.
   * @param data what the handler gets, or what a `KafkaRpcRecordBuilder` built
   */
  override send<TResult = unknown, TInput = unknown>(pattern: unknown, data: TInput): Observable<TResult> {
    // Nest's own refusal of what no transport can send.
    if (pattern == null || data == null) return super.send<TResult, TInput>(pattern, data);
    return new Observable<TResult>((subscriber) =>
      this.start(
        this.packet(pattern, data),
        new SubscribedCall(subscriber as Subscriber<unknown>, this.toThrown),
      ),
    );
  }

  /** Nest's way in for what is built on `ClientProxy`; `send()` does not take it. */
  protected override publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const call = this.start(packet, {
      next: (response) => callback({ response }),
      complete: () => callback({ isDisposed: true }),
      error: (err) => callback({ err }),
    });
    return () => call.unsubscribe();
  }

  protected override async dispatchEvent<T = void>(packet: ReadPacket): Promise<T> {
    if (this.sender === undefined) throw clientClosed();
    return (await this.sender.event(packet)) as T;
  }

  private packet(pattern: unknown, data: unknown): ReadPacket {
    const packet: ReadPacket = { pattern, data };
    // Nest 12; Nest 11 has no such hook.
    this.onDispatchHook?.(packet);
    return packet;
  }

  /** Sends a call, now or when connected. */
  private start(packet: ReadPacket, observer: CallObserver): OpenCall {
    if (this.sender !== undefined) return this.sender.call(packet, observer);
    try {
      const timeoutMs = timeoutOf(packet.data, this.caller.service.timeoutMs);
      const connected = this.open();
      const send = (timeLeftMs: number): OpenCall => this.sendLate(packet, observer, timeLeftMs);
      return callWhenConnected(
        connected,
        { pattern: JSON.stringify(packet.pattern), timeoutMs, send },
        observer,
      );
    } catch (error) {
      observer.error(RpcError.from(error));
      return ENDED_CALL;
    }
  }

  private sendLate(packet: ReadPacket, observer: CallObserver, timeLeftMs: number): OpenCall {
    if (this.sender !== undefined) return this.sender.call(packet, observer, timeLeftMs);
    observer.error(clientClosed());
    return ENDED_CALL;
  }

  private open(): Promise<CallSender> {
    if (this.opening !== undefined) return this.opening;
    const isCurrent = (): boolean => this.opening === opening;
    const opening: Promise<CallSender> = this.openSender(isCurrent).catch((error: unknown) => {
      if (isCurrent()) this.opening = undefined;
      throw error;
    });
    this.opening = opening;
    return opening;
  }

  /** @param isCurrent false once the client was closed meanwhile */
  private async openSender(isCurrent: () => boolean): Promise<CallSender> {
    const open = await this.connection.open(this.caller);
    const route = await this.connection.route(this.caller.service.service, open);
    if (!isCurrent()) throw clientClosed();
    this.sender = new CallSender(this.caller, this.connection, open, route);
    return this.sender;
  }
}

const ownConnection = (options: KafkaRpcClientOptions): ClientConnection => {
  checkClientOptionNames(options);
  return new ClientConnection(resolveConnectionOptions(options));
};
