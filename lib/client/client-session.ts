import type { ReadPacket } from '@nestjs/microservices';
import type { ClientCallEnd } from '../diagnostics/call-ended.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { CallSender, type PastOfCall } from './call-sender.js';
import { patternName, type Caller } from './caller.js';
import { clientClosed, type ClientConnection } from './client-connection.js';
import { ConnectingCalls, type UnsentCall } from './connecting-calls.js';
import { ENDED_CALL, publishUnsentEnd } from './ended-calls.js';
import { enclosingOf, InnerCall, innerLimitMs } from './inner-call.js';
import { checkListeners, optionsOf, type CallOptions } from './kafka-rpc-record.js';
import { ListenedCall } from './listened-call.js';
import type { OpenConnection } from './open-connection.js';
import { timeoutOf } from './packet-options.js';
import { PatternPlaces } from './pattern-places.js';
import type { CallObserver, OpenCall, SentCall } from './pending-call.js';
import { CallPolicies } from './retries/call-policies.js';
import { RetriedCall, type Attempts } from './retries/retried-call.js';
import { RetriedCalls } from './retries/retried-calls.js';

/** A client from its first call to `close()`, and on from the next: opens its sender, and keeps the calls that wait for it. */
export class ClientSession {
  private readonly waiting: ConnectingCalls;
  private readonly policies: CallPolicies;
  private readonly retried: RetriedCalls;
  /** Undefined while the number of open calls to a pattern has no limit. */
  private readonly places: PatternPlaces | undefined;
  private opening: Promise<CallSender> | undefined;
  private current: CallSender | undefined;

  constructor(
    private readonly caller: Caller,
    private readonly connection: ClientConnection,
  ) {
    this.waiting = new ConnectingCalls(connection.calls);
    this.policies = new CallPolicies(caller, connection.userCode);
    const { counters, calls } = connection;
    this.retried = new RetriedCalls({ budget: caller.service.retryBudget, counters, open: calls });
    this.places = placesOf(caller.service);
  }

  /** There while the client is connected. */
  get sender(): CallSender | undefined {
    return this.current;
  }

  /** Opens the sender if it is not open. A failure is not kept: the next call tries afresh. */
  open(): Promise<CallSender> {
    if (this.opening !== undefined) return this.opening;
    const isCurrent = (): boolean => this.opening === opening;
    const opening: Promise<CallSender> = this.openSender(isCurrent).catch((error: unknown) => {
      // Whoever waits was told why already: the client was closed, whatever that did to the attempt.
      if (!isCurrent()) throw closedUnsent(error);
      this.onFailed(RpcError.from(error));
      throw error;
    });
    this.opening = opening;
    return opening;
  }

  /** Opens it if it is not. @throws RpcError */
  async connected(): Promise<OpenConnection> {
    const { open } = this.current ?? (await this.open());
    return open;
  }

  /** Sends a call, now or when the sender is open. What is wrong with it is told to the observer. */
  start(packet: ReadPacket, observer: CallObserver): OpenCall {
    const options = optionsOf(packet.data);
    if (options.onProgress !== undefined || options.onHeaders !== undefined)
      return this.startListened(packet, observer, options);
    return this.startCall(packet, observer, options);
  }

  private startListened(packet: ReadPacket, observer: CallObserver, options: CallOptions): OpenCall {
    return this.tryStart(packet, observer, () => {
      checkListeners(options);
      const listened = new ListenedCall(observer, options, this.connection.userCode);
      return this.startCall(packet, listened, options);
    });
  }

  private startCall(packet: ReadPacket, observer: CallObserver, options: CallOptions): OpenCall {
    const enclosing = enclosingOf(options, this.caller.service.detached);
    if (enclosing === undefined && !this.policies.mayRetry(options))
      return this.send(Infinity, packet, observer);
    if (enclosing === undefined) return this.startWithin(Infinity, packet, observer);
    return this.tryStart(packet, observer, () => {
      const pattern = patternName(this.caller, packet.pattern);
      const limitMs = innerLimitMs(enclosing, `The call to ${JSON.stringify(pattern)}`);
      const call = new InnerCall(pattern, enclosing, limitMs, observer);
      return call.start((inner) => this.startWithin(limitMs, packet, inner));
    });
  }

  /** @param limitMs the most that the call may take */
  private startWithin(limitMs: number, packet: ReadPacket, observer: CallObserver): OpenCall {
    return this.tryStart(packet, observer, () => {
      const policy = this.policies.of(packet);
      if (policy === undefined) return this.send(limitMs, packet, observer);
      const timeoutMs = this.timeoutMs(packet, limitMs);
      const send = (call: RetriedCall): SentCall => this.send(limitMs, packet, call, call);
      return new RetriedCall({ timeoutMs, policy, send }, observer, this.retried).try();
    });
  }

  private send(limitMs: number, packet: ReadPacket, observer: CallObserver, attempts?: Attempts): SentCall {
    const { places } = this;
    if (places === undefined) return this.sendNow(limitMs, packet, observer, attempts);
    return this.tryStart(packet, observer, () =>
      places.hold(patternName(this.caller, packet.pattern), observer, (held) =>
        this.sendNow(limitMs, packet, held, attempts),
      ),
    );
  }

  private sendNow(
    limitMs: number,
    packet: ReadPacket,
    observer: CallObserver,
    attempts?: Attempts,
  ): SentCall {
    const timeLeftMs = attempts?.timeLeftMs();
    const past = attempts === undefined ? undefined : { timeLeftMs, attempts };
    if (this.current !== undefined) return this.current.call(packet, observer, limitMs, past);
    return this.tryStart(packet, observer, () => {
      const timeoutMs = timeLeftMs ?? this.timeoutMs(packet, limitMs);
      const pattern = patternName(this.caller, packet.pattern);
      const send = (leftMs: number): SentCall =>
        this.sendLate(packet, observer, limitMs, { timeLeftMs: leftMs, attempts });
      const onEnd: UnsentCall['onEnd'] = (how, error, totalMs) =>
        this.publishUnsent(packet, how, error, totalMs);
      const call = this.waiting.add({ pattern, timeoutMs, observer, send, onEnd });
      // Who waits for it is told; there may be nobody else.
      this.open().catch(() => undefined);
      return call;
    });
  }

  /** For how long its caller waits. */
  private timeoutMs({ data }: ReadPacket, limitMs: number): number {
    return Math.min(limitMs, timeoutOf(data, this.caller.service.timeoutMs));
  }

  private tryStart<C extends OpenCall>(
    packet: ReadPacket,
    observer: CallObserver,
    start: () => C,
  ): C | SentCall {
    try {
      return start();
    } catch (error) {
      const failure = RpcError.from(error);
      this.publishUnsent(packet, 'refused', failure);
      observer.error(failure);
      return ENDED_CALL;
    }
  }

  /**
   * For an event: it takes the room of an open call while it waits for the connection.
   * @throws RpcError `RESOURCE_EXHAUSTED` when too many calls and events are open or waiting.
   */
  holdRoom(): void {
    if (this.current !== undefined) return;
    const { calls } = this.connection;
    calls.checkRoom();
    calls.unsent += 1;
    const release = (): void => void (calls.unsent -= 1);
    this.open().then(release, release);
  }

  /** Ends the calls of this client. @returns whether it was open, and was not opened again meanwhile */
  async close(): Promise<boolean> {
    const wasOpen = this.opening !== undefined;
    this.opening = undefined;
    this.current?.close();
    this.current = undefined;
    // First: a caller that calls again as soon as its call ends, as `retry()` does, needs another connection.
    const released = this.connection.release(this.caller);
    this.retried.failAll(closedResting());
    this.waiting.failAll(closedUnsent());
    this.connection.calls.failAllOf(this.caller, clientClosed());
    await released;
    return wasOpen && this.opening === undefined;
  }

  private sendLate(packet: ReadPacket, observer: CallObserver, limitMs: number, past: PastOfCall): SentCall {
    if (this.current !== undefined) return this.current.call(packet, observer, limitMs, past);
    const failure = closedUnsent();
    this.publishUnsent(packet, 'failed', failure);
    observer.error(failure);
    return ENDED_CALL;
  }

  /** @param isCurrent false once the client was closed meanwhile */
  private async openSender(isCurrent: () => boolean): Promise<CallSender> {
    const open = await this.connection.open(this.caller);
    const route = await this.connection.route(this.caller.service.service, open);
    if (!isCurrent()) throw clientClosed();
    const sender = new CallSender(this.caller, this.connection, open, route);
    this.current = sender;
    this.caller.onOpened();
    this.waiting.sendAll();
    return sender;
  }

  private publishUnsent(
    { pattern }: ReadPacket,
    how: ClientCallEnd,
    error: Pick<RpcError, 'status'>,
    totalMs?: number,
  ): void {
    const topic = this.connection.options.topics.requests(this.caller.service.service);
    publishUnsentEnd(this.caller, { pattern, topic, totalMs }, how, error);
  }

  private onFailed(error: RpcError): void {
    this.opening = undefined;
    this.caller.onUnopened(error);
    this.waiting.failAll(error);
  }
}

const placesOf = (service: Caller['service']): PatternPlaces | undefined => {
  const { patterns, maxOpenCallsPerPattern } = service;
  const isLimited = [...patterns.values()].some(({ maxOpenCalls }) => maxOpenCalls !== undefined);
  if (maxOpenCallsPerPattern === undefined && !isLimited) return undefined;
  return new PatternPlaces((pattern) => patterns.get(pattern)?.maxOpenCalls ?? maxOpenCallsPerPattern);
};

const closedResting = (): RpcError =>
  new RpcError(
    RpcStatus.CANCELLED,
    'The client was closed before the next attempt of the call: the handler may have run at an earlier one.',
  );

const closedUnsent = (cause?: unknown): RpcError =>
  new RpcError(RpcStatus.CANCELLED, 'The client was closed while it connected: the call was not sent.', {
    cause,
  });
