import {
  beginningOfCall,
  msSince,
  type CallEnded,
  type CallStatus,
  type ServerCallEnd,
} from '../diagnostics/call-ended.js';
import { channels } from '../diagnostics/channels.js';
import { Due } from '../protocol/deadlines.js';
import type { RequestEnvelope } from '../protocol/envelope.js';
import type { EventMessage, RequestMessage } from '../protocol/message.js';
import { MAX_CREDIT, type Credit } from '../protocol/stream-credit.js';
import type { Destination } from '../wire/destination-queue.js';
import type { PledgeOutcome } from './commits/pledges.js';
import type { PartitionShare } from './partition-share.js';
import type { Arrival, RequestClock } from './request-clock.js';
import type { RecordPosition } from './request-record.js';
import type { CallHistory } from './retries/call-history.js';
import { endsTheCall, statusOf, type StopReason } from './stop-reasons.js';
import { StreamCredit } from './streams/stream-credit.js';
import type { Work } from './work-queue.js';

/** Who called, and where the replies go; `null` for a client that only emits. */
export interface CallerAddress {
  readonly id: Buffer;
  readonly replies: Destination | null;
  /** Whether it knows headers of answers, and progress. @default false */
  readonly takesNotes?: boolean;
  /** How much of each stream it takes before it says more; undefined for one that does not say. */
  readonly credit?: Credit | undefined;
}

/** Where calls come from: the same for all calls of a record. */
export interface CallOrigin {
  readonly envelope: RequestEnvelope;
  readonly record: RecordPosition;
  readonly caller: CallerAddress;
  /** What this server has in hand of the partition that it came from. */
  readonly share?: PartitionShare;
  /** On the estimate of the broker's clock. */
  readonly receivedAtMs: number;
  /** @default each call arrives when it is taken */
  readonly arrival?: Arrival;
  /** The call needs nothing more from this server: its reply is with the broker, or nobody wants one. */
  onFinished(call: IncomingCall): void;
  /** The call was let go of before it was started: it is another server's. */
  onDropped(call: IncomingCall): void;
  /** The call is to be finished for the broker before it is started. @returns what takes that back, for as long as it is not told */
  pledge(call: IncomingCall, told: (outcome: PledgeOutcome) => void): () => void;
}

/** What runs a call, and can be ended from outside. */
export interface Stoppable {
  stop(call: IncomingCall, reason: StopReason): void;
}

/**
 * Where a call is in its life at this server:
 *
 *     queued → running ⇄ resting
 *                 └→ answered → finished
 *     any of these → stopped → finished
 *
 * - `queued`: no handler has it yet, or it waits for its time.
 * - `running`: a handler has it, and its end is not on its way.
 * - `resting`: its handler failed, and is to run again.
 * - `answered`: its end is on its way to the broker, or it itself is, to wait there.
 * - `stopped`: ended from outside. Nothing is sent for it any more.
 * - `finished`: it needs nothing more of this server; its offset may be committed.
 */
export type CallState = 'queued' | 'running' | 'resting' | 'answered' | 'stopped' | 'finished';

const MAY_BECOME: Readonly<Record<CallState, readonly CallState[]>> = {
  queued: ['running', 'answered', 'stopped', 'finished'],
  running: ['resting', 'answered', 'stopped', 'finished'],
  resting: ['running', 'stopped'],
  answered: ['stopped', 'finished'],
  // Interrupted is not finished: another server is to run it, unless nobody waits, or its end was with the broker all the same.
  stopped: ['finished'],
  finished: [],
};

/** One call or event in this server's hands, from its record to its last reply. One of these is all that most calls take. */
export class IncomingCall extends Due implements Work {
  readonly orderKey: string | null;
  private currentState: CallState = 'queued';
  private work: Stoppable | undefined;
  private waiting: (() => void)[] | undefined;
  private onGone: (() => void) | undefined = undefined;
  private readonly begunAt = beginningOfCall();
  private lateAtMs = -Infinity;
  private waitedMs: number | undefined = undefined;
  private credit: StreamCredit | undefined = undefined;

  constructor(
    readonly message: RequestMessage | EventMessage,
    readonly origin: CallOrigin,
    /** Its place among the messages of its record. */
    readonly index = 0,
    /** What is known from before; undefined for nothing, as of nearly all. */
    public history: CallHistory | undefined = undefined,
  ) {
    super();
    const { key } = message;
    this.orderKey = key === null ? null : `${origin.record.topic}:${key.toString('latin1')}`;
  }

  get state(): CallState {
    return this.currentState;
  }

  /** Whether nothing is sent for it any more: it was ended from outside, or is finished. */
  get isOver(): boolean {
    return this.currentState === 'stopped' || this.currentState === 'finished';
  }

  /** What must be known before a handler gets it; undefined for nothing, or nothing any more. */
  startsAfter(): Promise<void> | undefined {
    return undefined;
  }

  /**
   * The time left until the caller gives up, in milliseconds, at least; Infinity when it never does.
   * @param localMs what counts as now, on this process' own clock
   */
  timeLeftMs(clock: Pick<RequestClock, 'timeLeftMs'>, localMs?: number): number {
    return clock.timeLeftMs(this.origin.record, this.message.ttlMs, localMs);
  }

  /** Whether the caller still waits, by what was known when the call was queued. */
  isInTime(localMs: number): boolean {
    return localMs < this.lateAtMs;
  }

  /** Whether its deadline has passed, though nobody may have been told yet. @param nowMs on the clock of `performance.now()` */
  isPast(nowMs: number): boolean {
    return this.dueTick > 0 && this.dueAtMs <= nowMs && !this.isOver;
  }

  /**
   * It waits for its turn.
   * @param queue what to tell when it is stopped before
   * @param lateAtMs when the caller gives up, on this process' own clock. @default that is to be asked for
   */
  queue(queue: Stoppable, lateAtMs = -Infinity): void {
    this.work = queue;
    this.lateAtMs = lateAtMs;
  }

  /** It waits for a time. @param waiting what to tell when it is stopped before */
  waitIn(waiting: Stoppable): void {
    this.work = waiting;
  }

  /** A handler gets it now. @param work what to stop when nobody waits any more. @returns false when it is over already. */
  start(work: Stoppable): boolean {
    if (!this.become('running')) return false;
    this.waitedMs ??= msSince(this.begunAt);
    this.work = work;
    return true;
  }

  /** Its run has failed, and another follows. @returns false when it is over already. */
  rest(): boolean {
    return this.become('resting');
  }

  /** Its end goes on its way. @returns false when there is nothing to end any more: nothing is to be sent. */
  answer(): boolean {
    return this.currentState === 'running' && this.become('answered');
  }

  /** It itself goes on its way, to wait on a topic. @returns false when a handler has it, or it is over. */
  sendAway(): boolean {
    return this.currentState === 'queued' && this.become('answered');
  }

  /** Its partition moved: what no handler has is the next owner's to run. */
  drop(): void {
    const isInAHandler = this.currentState !== 'queued' && this.currentState !== 'resting';
    if (isInAHandler || !this.stop('moved')) return;
    this.origin.onDropped(this);
    this.onGone?.();
  }

  /** Runs when the call is finished, or dropped: nothing of it is kept here any more. For one who asks. */
  whenGone(callback: () => void): void {
    this.onGone = callback;
  }

  /** It waits on a topic by now, and is nothing of this record any more: no end is published, as it has none. */
  handOver(): void {
    if (this.become('finished')) this.tellFinished();
  }

  /**
   * Ends the work from outside. That ends the call as well when nobody waits for it any more; else another server runs it.
   * @returns whether there was any work to end.
   */
  stop(reason: StopReason): boolean {
    if (!this.become('stopped')) return false;
    if (endsTheCall(reason)) this.finish(reason);
    this.work?.stop(this, reason);
    this.publishEnd(reason, statusOf(reason));
    return true;
  }

  /** Its caller takes more of its values. @returns false if some of that was cut off */
  grant(credit: Credit): boolean {
    if (this.credit !== undefined) return this.credit.add(credit);
    // In place of what was announced.
    this.credit = new StreamCredit(credit);
    return credit.values <= MAX_CREDIT.values && credit.bytes <= MAX_CREDIT.bytes;
  }

  /** What its caller takes of its values, from the first on; undefined for one that does not say. */
  streamCredit(): StreamCredit | undefined {
    const { credit } = this.origin.caller;
    if (this.credit === undefined && credit !== undefined) this.credit = new StreamCredit(credit);
    return this.credit;
  }

  /** Its end is on its way, though its handler would give more: ends the handler, not the call. */
  endWork(): void {
    this.work?.stop(this, 'failed');
  }

  /** Runs when the call is finished, behind its origin's own `onFinished`. */
  whenFinished(callback: () => void): void {
    if (this.currentState === 'finished') callback();
    else (this.waiting ??= []).push(callback);
  }

  /** It needs nothing more: its end is with the broker, or nobody waits for one. @param status what its caller hears, if anything */
  finish(how: ServerCallEnd = 'answered', status: CallStatus = 'OK'): void {
    const wasOver = this.isOver;
    if (!this.become('finished')) return;
    this.tellFinished();
    if (!wasOver) this.publishEnd(how, status);
  }

  private tellFinished(): void {
    this.origin.onFinished(this);
    if (this.waiting !== undefined) for (const callback of this.waiting) callback();
    this.onGone?.();
  }

  /** It is over here: once, behind all that follows from that. */
  private publishEnd(how: ServerCallEnd, status: CallStatus): void {
    if (!channels.callEnded.hasSubscribers) return;
    const { kind, pattern } = this.message;
    const times = { totalMs: msSince(this.begunAt), waitedMs: this.waitedMs };
    const { topic } = this.origin.record;
    channels.callEnded.publish({
      side: 'server',
      kind,
      pattern,
      topic,
      how,
      status,
      ...times,
    } satisfies CallEnded);
  }

  /** The only way from one state to another. @returns whether it may be gone. */
  private become(next: CallState): boolean {
    if (!MAY_BECOME[this.currentState].includes(next)) return false;
    this.currentState = next;
    return true;
  }
}
