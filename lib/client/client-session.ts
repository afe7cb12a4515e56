import type { ReadPacket } from '@nestjs/microservices';
import type { ClientCallEnd } from '../diagnostics/call-ended.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { CallSender, optionsOf, timeoutOf } from './call-sender.js';
import { patternName, type Caller } from './caller.js';
import { clientClosed, type ClientConnection } from './client-connection.js';
import { ConnectingCalls, type UnsentCall } from './connecting-calls.js';
import { publishUnsentEnd } from './ended-calls.js';
import { enclosingOf, InnerCall, innerLimitMs } from './inner-call.js';
import { ENDED_CALL, type CallObserver, type OpenCall } from './pending-call.js';

/** A client from its first call to `close()`, and on from the next: opens its sender, and keeps the calls that wait for it. */
export class ClientSession {
  private readonly waiting: ConnectingCalls;
  private opening: Promise<CallSender> | undefined;
  private current: CallSender | undefined;

  constructor(
    private readonly caller: Caller,
    private readonly connection: ClientConnection,
  ) {
    this.waiting = new ConnectingCalls(connection.calls);
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

  /** Sends a call, now or when the sender is open. What is wrong with it is told to the observer. */
  start(packet: ReadPacket, observer: CallObserver): OpenCall {
    const enclosing = enclosingOf(optionsOf(packet.data), this.caller.service.detached);
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
    if (this.current !== undefined) return this.current.call(packet, observer, limitMs);
    return this.tryStart(packet, observer, () => {
      const timeoutMs = Math.min(limitMs, timeoutOf(packet.data, this.caller.service.timeoutMs));
      const pattern = patternName(this.caller, packet.pattern);
      const send = (timeLeftMs: number): OpenCall => this.sendLate(packet, observer, limitMs, timeLeftMs);
      const onEnd: UnsentCall['onEnd'] = (how, error, totalMs) =>
        this.publishUnsent(packet, how, error, totalMs);
      const call = this.waiting.add({ pattern, timeoutMs, observer, send, onEnd });
      // Who waits for it is told; there may be nobody else.
      this.open().catch(() => undefined);
      return call;
    });
  }

  private tryStart(packet: ReadPacket, observer: CallObserver, start: () => OpenCall): OpenCall {
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
    this.current = undefined;
    this.waiting.failAll(closedUnsent());
    this.connection.calls.failAllOf(this.caller, clientClosed());
    await this.connection.release(this.caller);
    return wasOpen && this.opening === undefined;
  }

  private sendLate(
    packet: ReadPacket,
    observer: CallObserver,
    limitMs: number,
    timeLeftMs: number,
  ): OpenCall {
    if (this.current !== undefined) return this.current.call(packet, observer, limitMs, timeLeftMs);
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
    this.waiting.failAll(error);
  }
}

const closedUnsent = (cause?: unknown): RpcError =>
  new RpcError(RpcStatus.CANCELLED, 'The client was closed while it connected: the call was not sent.', {
    cause,
  });
