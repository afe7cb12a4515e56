import type { Counters } from '../../diagnostics/counters.js';
import { Fifo } from '../../wire/fifo.js';
import type { IncomingCall } from '../incoming-call.js';
import type { PartitionShare } from '../partition-share.js';
import type { RequestClock } from '../request-clock.js';
import type { RequestGate } from '../request-gate.js';
import type { RequestRecord } from '../request-record.js';
import type { CallHistory } from './call-history.js';
import type { DelayWriter } from './delay-writer.js';
import { TimedCalls } from './timed-calls.js';

export interface DelayedCallsOptions {
  readonly maxCalls: number;
  readonly maxBytes: number;
  readonly clock: Pick<RequestClock, 'now'>;
  readonly writer: Pick<DelayWriter, 'has' | 'isDelayTopic' | 'write'>;
  /** What lets records in. */
  readonly gate: Pick<RequestGate, 'take' | 'forget'>;
  /** Whether the call must not run twice: then it waits where it was read, as a copy of it could. */
  readonly staysInPlace: (call: IncomingCall) => boolean;
  /** The time of a call has come. */
  readonly start: (call: IncomingCall) => void;
  readonly counters: Counters;
  /** How often it is looked whether something is to go back, in milliseconds, while too much is in hand. */
  readonly lookEveryMs?: number;
}

/** A delayed call with its history: one always has one. */
type DelayedCall = IncomingCall & { readonly history: CallHistory };

/** What is due by then is not worth a way to the broker and back. */
const SOON_MS = 1_000;
const LOOK_EVERY_MS = 1_000;
/** While there is room for more. */
const LOOK_SELDOM_MS = 60_000;
/** So long a record of the delay topic stands in the way of the commit at most; and within it no retention ends it. */
const REFRESH_MS = 600_000;
/** Of those in hand, at most this part goes back at a time: who waits for days makes no log grow without measure. */
const PART_BACK = 1 / 4;
/** What a call takes in memory beside its bytes, near enough. */
const CALL_BYTES = 512;

/**
 * Calls and events that are not to run yet.
 *
 *     delay topic   → held here until due, so many at most → started
 *     request topic → an event that is due soon, or a call: in its place until due
 *                   → any other event: to the delay topic
 *
 * What is held is of the commit's concern like all that is in hand: unfinished, so that it is read again when this server is gone.
 * When no more may be held, the oldest that are not due soon are appended to the delay topic once more, and the way is free for
 * those behind them.
 */
export class DelayedCalls {
  /** In their place on the request topic: bounded by the gate, as all that was let in by it. */
  private readonly inPlace = new TimedCalls({
    onDue: (call) => this.options.start(call),
    onStopped: () => undefined,
  });
  private readonly held = new TimedCalls({
    onDue: (call) => this.options.start(call),
    onStopped: () => undefined,
  });
  /** Read from the delay topic while no more could be held. */
  private readonly waiting = new Map<PartitionShare, Fifo<RequestRecord>>();
  /** From the delay topic and not finished, waiting or running. */
  private calls = 0;
  private bytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private lookInMs = Infinity;
  private isClosed = false;

  constructor(private readonly options: DelayedCallsOptions) {}

  /** How many wait for their time. */
  get size(): number {
    return this.held.size + this.inPlace.size;
  }

  /** A record that was read, of any topic. */
  takeRecord(record: RequestRecord): void {
    const { writer, gate } = this.options;
    if (!writer.isDelayTopic(record.topic)) return gate.take(record);
    if (!this.isFull() && !this.waiting.has(record.share)) return gate.take(record);
    const records = this.waiting.get(record.share) ?? new Fifo<RequestRecord>();
    this.waiting.set(record.share, records);
    records.push(record);
    record.share.pause('delays');
    this.lookLater();
  }

  /** What is counted here is not counted by the gate. */
  countsFor(topic: string): boolean {
    return this.options.writer.isDelayTopic(topic);
  }

  /** The partition is lost; its calls are dropped by who drops all of them. */
  forget(share: PartitionShare): void {
    this.waiting.delete(share);
    this.options.gate.forget(share);
  }

  take(call: DelayedCall): void {
    const { writer, clock, start, staysInPlace } = this.options;
    const { topic } = call.origin.record;
    const delayMs = call.history.dueAtMs - clock.now();
    if (writer.isDelayTopic(topic)) return this.hold(call, delayMs);
    const canMove = call.message.kind === 'event' && delayMs > SOON_MS && writer.has(topic);
    if (canMove && !staysInPlace(call)) return this.putOff(call);
    if (delayMs > 0) this.inPlace.add(call, delayMs);
    else start(call);
  }

  /** Nothing is put back any more. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private hold(call: DelayedCall, delayMs: number): void {
    this.calls += 1;
    this.bytes += bytesOf(call);
    call.whenGone(() => this.free(call));
    if (delayMs > 0) this.held.add(call, delayMs);
    else this.options.start(call);
    this.lookLater();
  }

  private free(call: IncomingCall): void {
    this.calls -= 1;
    this.bytes -= bytesOf(call);
    for (const [share, records] of this.waiting) {
      if (this.isFull()) return;
      this.letIn(share, records);
    }
  }

  private letIn(share: PartitionShare, records: Fifo<RequestRecord>): void {
    while (!this.isFull()) {
      const record = records.shift();
      if (record === undefined) break;
      this.options.gate.take(record);
    }
    if (records.length > 0) return;
    this.waiting.delete(share);
    share.resume('delays');
  }

  private isFull(): boolean {
    return this.calls >= this.options.maxCalls || this.bytes >= this.options.maxBytes;
  }

  /** Its sender wants it later: from then on it is the delay topic's. */
  private putOff(call: DelayedCall): void {
    if (!call.sendAway()) return;
    this.options.counters.add('delayed');
    this.options.writer.write(call, call.history, call.history.dueAtMs, () => call.handOver());
  }

  private lookLater(): void {
    const { lookEveryMs = LOOK_EVERY_MS } = this.options;
    const inMs = this.isFull() ? lookEveryMs : LOOK_SELDOM_MS;
    if (this.isClosed || inMs >= this.lookInMs) return;
    clearTimeout(this.timer);
    this.lookInMs = inMs;
    this.timer = setTimeout(() => this.look(), inMs).unref();
  }

  private look(): void {
    this.lookInMs = Infinity;
    const nowMs = this.options.clock.now();
    // One record may have brought many more than are to be held.
    const tooMany = this.calls - (1 - PART_BACK) * this.options.maxCalls;
    const mayGoBack = Math.ceil(Math.max(PART_BACK * this.held.size, tooMany));
    const back: DelayedCall[] = [];
    for (const call of this.held.calls() as Iterable<DelayedCall>) {
      if (back.length >= mayGoBack) break;
      if (this.goesBack(call, nowMs)) back.push(call);
    }
    for (const call of back) this.putBack(call);
    if (this.held.size > 0 || this.waiting.size > 0) this.lookLater();
  }

  private goesBack(call: DelayedCall, nowMs: number): boolean {
    const { history, origin } = call;
    if (history.dueAtMs - nowMs <= SOON_MS || this.options.staysInPlace(call)) return false;
    return this.isFull() || nowMs - origin.record.timestampMs >= REFRESH_MS;
  }

  private putBack(call: DelayedCall): void {
    this.held.remove(call);
    if (call.sendAway())
      this.options.writer.write(call, call.history, call.history.dueAtMs, () => call.handOver());
  }
}

const bytesOf = ({ message }: IncomingCall): number =>
  CALL_BYTES + message.payload.length + message.metadata.length + (message.key?.length ?? 0);
