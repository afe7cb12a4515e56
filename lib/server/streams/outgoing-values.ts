import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { NextMessage } from '../../protocol/message.js';
import { Fifo } from '../../wire/fifo.js';
import type { StreamCredit } from './stream-credit.js';
import type { Overflow } from './stream-policies.js';
import type { WaitingValues } from './waiting-values.js';

/** Of values that the broker does not have yet: beyond, who can wait waits until it has them. */
const MAX_UNACKNOWLEDGED_VALUES = 1_024;
const MAX_UNACKNOWLEDGED_BYTES = 1_048_576;

/** How much waits where a stream is to fail rather than wait long. */
const SHORT_WAIT_VALUES = 1_024;
const SHORT_WAIT_BYTES = 1_048_576;

export interface OutgoingValuesParts {
  readonly pattern: string;
  readonly seq: number;
  readonly run: number;
  /** What the caller takes; undefined for one that does not say. */
  readonly credit: StreamCredit | undefined;
  /** What waits of all streams of this server; undefined for no bound. */
  readonly waiting: WaitingValues | undefined;
  readonly overflow: Overflow;
  /** @throws RpcError when it cannot leave */
  readonly send: (message: NextMessage) => void;
  /** The caller will lack a value: it could not leave. */
  readonly onLost: (error: RpcError) => void;
}

/** The values of one stream: those that its caller takes leave, the others wait here, and behind them the end. */
export class OutgoingValues {
  /** How many have left. */
  sent = 0;
  private readonly kept = new Fifo<Buffer>();
  private keptBytes = 0;
  private unacknowledgedValues = 0;
  private unacknowledgedBytes = 0;
  private isBrokerBehind = false;
  private isDropped = false;
  private sendEnd: (() => void) | undefined;
  private roomWaiters: (() => void)[] = [];

  constructor(private readonly parts: OutgoingValuesParts) {
    const { credit } = parts;
    if (credit !== undefined) credit.onMore = () => this.sendKept();
  }

  get isEmpty(): boolean {
    return this.sent === 0 && this.kept.length === 0;
  }

  /** Whether an end stands behind values that wait. */
  get hasEnd(): boolean {
    return this.sendEnd !== undefined;
  }

  /** Whether one more leaves at once. */
  get isOpen(): boolean {
    return this.kept.length === 0 && this.hasCredit(1);
  }

  /** @throws RpcError `RESOURCE_EXHAUSTED` when too much waits: what waits is dropped, and the stream can only fail. */
  add(payload: Buffer): void {
    if (this.isOpen) this.send(payload);
    else this.keep(payload);
  }

  /** @param sendEnd runs when all values have left; not at all if they are dropped */
  finish(sendEnd: () => void): void {
    if (this.kept.length === 0) sendEnd();
    else this.sendEnd = sendEnd;
  }

  /** Nobody waits for what has not left. */
  drop(): void {
    this.isDropped = true;
    this.sendEnd = undefined;
    this.parts.waiting?.free(this.keptBytes);
    this.keptBytes = 0;
    this.kept.drain();
    this.wake();
  }

  /** Whether the next value would not wait long. @param more how many are about to be added */
  hasRoom(more: number): boolean {
    if (this.isDropped) return true;
    return !this.isBrokerBehind && this.kept.length === 0 && this.hasCredit(more + 1);
  }

  room(more: number): Promise<void> | undefined {
    if (this.hasRoom(more)) return undefined;
    return new Promise((resolve) => this.roomWaiters.push(resolve));
  }

  acknowledged(): void {
    this.unacknowledgedValues -= 1;
    if (this.unacknowledgedValues > 0) return;
    this.unacknowledgedBytes = 0;
    this.isBrokerBehind = false;
    this.wake();
  }

  private hasCredit(values: number): boolean {
    const { credit } = this.parts;
    return credit === undefined || credit.has(values);
  }

  private send(payload: Buffer): void {
    const { seq, run, credit, send } = this.parts;
    send({ kind: 'next', seq, run, index: this.sent, payload });
    this.sent += 1;
    credit?.spend(payload.length);
    this.unacknowledgedValues += 1;
    this.unacknowledgedBytes += payload.length;
    if (
      this.unacknowledgedValues >= MAX_UNACKNOWLEDGED_VALUES ||
      this.unacknowledgedBytes >= MAX_UNACKNOWLEDGED_BYTES
    )
      this.isBrokerBehind = true;
  }

  private keep(payload: Buffer): void {
    const { overflow, waiting } = this.parts;
    const isShort = this.kept.length < SHORT_WAIT_VALUES && this.keptBytes < SHORT_WAIT_BYTES;
    if (waiting?.take(payload.length) === false)
      throw this.overflown(tooMuchWaits(this.parts.pattern, this.kept.length, waiting));
    this.keptBytes += payload.length;
    this.kept.push(payload);
    if (overflow === 'error' && !isShort) throw this.overflown(tooSlow(this.parts.pattern, this.kept.length));
  }

  private overflown(error: RpcError): RpcError {
    this.drop();
    return error;
  }

  private sendKept(): void {
    try {
      while (this.kept.length > 0 && this.hasCredit(1)) this.sendOne();
    } catch (error) {
      return this.parts.onLost(RpcError.from(error));
    }
    this.wake();
    if (this.kept.length > 0) return;
    const { sendEnd } = this;
    this.sendEnd = undefined;
    sendEnd?.();
  }

  private sendOne(): void {
    const payload = this.kept.shift() as Buffer;
    this.keptBytes -= payload.length;
    this.parts.waiting?.free(payload.length);
    this.send(payload);
  }

  private wake(): void {
    if (this.roomWaiters.length === 0 || !this.hasRoom(0)) return;
    for (const resolve of this.roomWaiters.splice(0)) resolve();
  }
}

const tooSlow = (pattern: string, values: number): RpcError =>
  new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    `The caller takes the values of "${pattern}" more slowly than they come: ${values} wait, and its handler is not to wait: ` +
      'give it a generator, or wait for context.whenWritable().',
  );

const tooMuchWaits = (pattern: string, values: number, { bytes, maxBytes }: WaitingValues): RpcError =>
  new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    `The caller takes the values of "${pattern}" more slowly than they come: ${values} wait, and all streams of this server ` +
      `have ${bytes} bytes waiting, maxQueuedBytes is ${maxBytes}.`,
  );
