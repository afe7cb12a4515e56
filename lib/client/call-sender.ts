import type { ReadPacket } from '@nestjs/microservices';
import type { DriverConnection } from '../driver/driver.js';
import type { CallStatus, ClientCallEnd } from '../diagnostics/call-ended.js';
import { channels } from '../diagnostics/channels.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { DeferredMessage, EventMessage, RequestMessage, ServerTimes } from '../protocol/message.js';
import { checkBoolean, invalidOption } from '../errors/option-checks.js';
import type { Credit } from '../protocol/stream-credit.js';
import type { Destination } from '../wire/destination-queue.js';
import type { Delivery } from '../wire/outgoing-record.js';
import type { Serializer } from '../wire/serializer.js';
import { serverWatch, type ServerWatch } from './asks/server-watch.js';
import { patternName, type Caller } from './caller.js';
import { closedMeanwhile, type ClientConnection } from './client-connection.js';
import { deferredMessage } from './deferred-call.js';
import { ENDED_CALL, publishEnd, publishUnsentEnd } from './ended-calls.js';
import { moveRequest, type SentMessage } from './moved-request.js';
import type { OpenConnection } from './open-connection.js';
import {
  checkHeaders,
  delayOf,
  KafkaRpcRecord,
  keyBytes,
  NO_OPTIONS,
  optionsOf,
} from './kafka-rpc-record.js';
import {
  checkNotDelayed,
  checkSentOnce,
  eventTtlMs,
  idempotencyKeyOf,
  needsServerNow,
  NEVER_EXPIRES_MS,
  noResult,
  timeoutOf,
} from './packet-options.js';
import { PendingCall, type CallObserver, type CallOrigin, type SentCall } from './pending-call.js';
import type { Attempts } from './retries/retried-call.js';
import { sendCredit } from './sent-credit.js';
import type { ServiceRoute } from './service-route.js';
import type { ServiceState } from './service-state.js';

const EMPTY = Buffer.alloc(0);
const FIRST_ATTEMPT = 1;
/** A uint8 on the wire. */
const MAX_ATTEMPT = 0xff;

/** What was of a call before it is sent. */
export interface PastOfCall {
  /** What is left of its time, when some was spent before. */
  readonly timeLeftMs: number | undefined;
  /** Of a call that may be sent again. */
  readonly attempts: Attempts | undefined;
}

/** Packets of one client become messages of its connection. Exists only while connected. */
export class CallSender implements CallOrigin {
  readonly serviceState: ServiceState;
  private isClosed = false;
  /** Undefined where nobody can be asked. */
  private readonly servers: ServerWatch | undefined;

  constructor(
    readonly caller: Caller,
    private readonly connection: ClientConnection,
    readonly open: OpenConnection,
    private readonly route: ServiceRoute,
  ) {
    this.serviceState = connection.refusals.stateOf(route.topic);
    this.servers = serverWatch(connection, this);
  }

  get driver(): DriverConnection {
    return this.open.driver;
  }

  get serializer(): Serializer {
    return this.connection.codec.serializer;
  }

  /**
   * Sends a call. What is wrong with it before it leaves is told to the observer too.
   * @param limitMs the most that it may take
   * @param past of a call that is not sent as soon as it is made
   */
  call(packet: ReadPacket, observer: CallObserver, limitMs: number, past?: PastOfCall): SentCall {
    try {
      return this.sendRequest(packet, observer, limitMs, past);
    } catch (error) {
      const failure = RpcError.from(error);
      publishUnsentEnd(this.caller, { pattern: packet.pattern, topic: this.route.topic }, 'refused', failure);
      observer.error(failure);
      return ENDED_CALL;
    }
  }

  /** Sends no more calls: also not one whose data, while it is serialized, closes the client. */
  close(): void {
    this.isClosed = true;
    this.servers?.close();
  }

  onEnd(call: PendingCall, how: ClientCallEnd, status: CallStatus, times?: ServerTimes): void {
    this.connection.calls.remove(call);
    this.route.release(call.destination, call.answeredBy);
    // What has not left yet stays here.
    if (call.hasLeft && isLeftRunning(call, how)) this.sendCancel(call);
    if (channels.callEnded.hasSubscribers) publishEnd(call, how, status, times);
  }

  whyDelayed({ destination }: PendingCall): string | undefined {
    return this.open.outbox.whyDelayed(destination);
  }

  giveCredit(call: PendingCall, credit: Credit): void {
    sendCredit(call, credit, this.open.outbox, this.connection.codec.keepsApart(call.pattern));
  }

  sendElsewhere(call: PendingCall, error: RpcError, frame: Buffer): boolean {
    if (call.isOver || error.status !== RpcStatus.UNAVAILABLE || this.route.has(call.destination))
      return false;
    return moveRequest(call, frame, this.route, (message) => this.send(call.destination, message, call));
  }

  private sendCancel(call: PendingCall): void {
    try {
      this.open.outbox.send(call.destination, { kind: 'cancel', seq: call.seq });
    } catch {
      // The outbox is full: the server will end the work at the call's deadline.
    }
  }

  /** Sends an event. Resolves when the broker has it. @throws RpcError when it cannot be sent. */
  event(packet: ReadPacket): Promise<void> {
    return new Promise((resolve, reject) => {
      const ttlMs = eventTtlMs(packet);
      if (idempotencyKeyOf(packet.data) !== undefined) throw noResult();
      checkSentOnce(packet.data);
      const delayMs = this.delayMs(packet, ttlMs);
      const message: EventMessage = this.invocation('event', packet, ttlMs);
      this.sendEvent(this.deferred(message, delayMs), (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  private sendEvent(message: EventMessage | DeferredMessage, settle: (error?: RpcError) => void): void {
    const destination = this.route.choose(message.key);
    const delivered = (error?: RpcError): void => {
      this.route.release(destination);
      // The topic was made anew with fewer partitions: the event is not in it, and has a place among those.
      if (error !== undefined && !this.route.has(destination)) this.sendEvent(message, settle);
      else settle(error);
    };
    try {
      this.send(destination, message, { delivered });
    } catch (error) {
      delivered(RpcError.from(error));
    }
  }

  private sendRequest(
    packet: ReadPacket,
    observer: CallObserver,
    limitMs: number,
    past?: PastOfCall,
  ): PendingCall {
    const { calls } = this.connection;
    calls.checkRoom();
    const timeoutMs = Math.min(limitMs, timeoutOf(packet.data, this.caller.service.timeoutMs));
    const delayMs = this.delayMs(packet, timeoutMs);
    const message = this.request(packet, past?.timeLeftMs ?? timeoutMs, past?.attempts);
    const { seq, pattern, ttlMs } = message;
    const idempotencyKey = idempotencyKeyOf(packet.data);
    if (idempotencyKey !== undefined) checkNotDelayed(packet.data);
    // All who name one operation must meet at one server.
    const destination = this.route.choose(message.key ?? keyBytes(idempotencyKey));
    const needsServer = needsServerNow(packet.data, this.caller.service.whenNoServer);
    const facts = { seq, pattern, destination, timeoutMs, ttlMs, needsServer };
    const call = new PendingCall(facts, observer, this);
    calls.add(call, ttlMs);
    if (needsServer) this.servers?.begin();
    try {
      // It counts from the call, as the deadline does.
      const sent =
        idempotencyKey === undefined
          ? this.deferred(message, delayMs - (timeoutMs - ttlMs))
          : ({ ...message, kind: 'idempotent', idempotencyKey } as const);
      this.send(destination, sent, call);
      if (observer.window?.fixed !== undefined) this.giveCredit(call, observer.window.fixed);
    } catch (error) {
      call.refuse(RpcError.from(error));
    }
    return call;
  }

  private send(to: Destination, message: SentMessage, delivery: Delivery): void {
    this.open.outbox.send(to, message, delivery, this.connection.codec.keepsApart(message.pattern));
  }

  /** @param ttlMs 0 for ever. @throws RpcError `INVALID_ARGUMENT` for a delay that nobody waits for. */
  private delayMs({ data }: ReadPacket, ttlMs: number): number {
    const options = optionsOf(data);
    if (options === NO_OPTIONS) return 0;
    const delayMs = delayOf(options, this.connection.clock.now());
    if (ttlMs === NEVER_EXPIRES_MS || delayMs < ttlMs || delayMs === 0) return delayMs;
    const name = options.at === undefined ? 'delayMs' : 'at';
    throw invalidOption(name, options[name], `before the deadline, which is in ${ttlMs} ms: raise timeoutMs`);
  }

  private deferred<M extends RequestMessage | EventMessage>(
    message: M,
    delayMs: number,
  ): M | DeferredMessage {
    return delayMs > 0 ? deferredMessage(message, message.sentAtMs + delayMs) : message;
  }

  private request(packet: ReadPacket, ttlMs: number, attempts?: Attempts): RequestMessage {
    if (attempts === undefined) return this.invocation('request', packet, ttlMs);
    attempts.message ??= this.invocation('request', packet, ttlMs);
    const attempt = Math.min(attempts.attempt, MAX_ATTEMPT);
    if (attempt === FIRST_ATTEMPT) return attempts.message;
    const { connection } = this;
    return {
      ...attempts.message,
      seq: connection.nextSeq(),
      ttlMs,
      attempt,
      sentAtMs: connection.clock.now(),
    };
  }

  private invocation<K extends 'request' | 'event'>(
    kind: K,
    packet: ReadPacket,
    ttlMs: number,
  ): Omit<RequestMessage, 'kind'> & { readonly kind: K } {
    const { data } = packet;
    const options = optionsOf(data);
    const { headers } = this.caller.service;
    if (options.detached !== undefined) checkBoolean('detached', options.detached);
    const pattern = patternName(this.caller, packet.pattern);
    // Whole at once: spreading it into a message later was a tenth of a client's time under load.
    const message = {
      kind,
      ttlMs,
      seq: this.connection.nextSeq(),
      pattern,
      key: keyBytes(options.key),
      headers: options.headers === undefined ? headers : { ...headers, ...checkHeaders(options.headers) },
      metadata: packet.metadata === undefined ? EMPTY : this.serialize(packet.metadata, pattern),
      payload: this.serialize(data instanceof KafkaRpcRecord ? data.data : data, pattern),
      sentAtMs: this.connection.clock.now(),
      attempt: FIRST_ATTEMPT,
    };
    if (this.isClosed) throw closedMeanwhile();
    return message;
  }

  private serialize(value: unknown, pattern: string): Buffer {
    try {
      return this.connection.codec.serializer.serialize(value);
    } catch (cause) {
      const reason = RpcError.from(cause).message;
      throw new RpcError(
        RpcStatus.INVALID_ARGUMENT,
        `The data for ${JSON.stringify(pattern)} cannot be serialized: ${reason}`,
        { cause },
      );
    }
  }
}

/**
 * Whether the server may run it, or go on with it, for nobody. What is past its deadline it ends by itself; but a request that
 * was not acknowledged by then may be young when it gets there, and a cancel right behind keeps it from being run.
 */
const isLeftRunning = ({ isDelivered }: PendingCall, how: ClientCallEnd): boolean =>
  how === 'failed' || how === 'cancelled' || (how === 'expired' && !isDelivered);
