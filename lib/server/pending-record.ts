import type { RequestEnvelope } from '../protocol/envelope.js';
import type { EventMessage, RequestMessage } from '../protocol/message.js';
import type { Caller } from './caller.js';
import type { CallOrigin, IncomingCall } from './incoming-call.js';
import type { PartitionShare } from './partition-share.js';
import { RefusedCalls } from './refusals/refused-calls.js';
import { noteHad, type RecordMemory } from './duplicates/call-memory.js';
import type { RequestGate } from './request-gate.js';
import type { Arrival } from './request-clock.js';
import type { RecordPosition } from './request-record.js';
import { MAX_MARKS } from './commits/call-marks.js';
import type { PledgeOutcome } from './commits/pledges.js';
import type { TrackedRecord } from './commits/tracked-record.js';

/** What is kept of a record of requests, whose it is, and when it came. */
export interface OpenedRecord {
  readonly record: RecordPosition;
  readonly envelope: RequestEnvelope;
  readonly caller: Caller;
  /** On the estimate of the broker's clock. */
  readonly receivedAtMs: number;
  readonly arrival: Arrival;
}

/** Where a record is accounted for, and with how much. */
export interface RecordAccount {
  readonly gate: Pick<RequestGate, 'free'>;
  readonly share: PartitionShare;
  readonly tracked: TrackedRecord;
  readonly bytes: number;
  /** Whether its calls are told apart by their place, which they are not where a message could not be read. */
  readonly keepsMarks: boolean;
}

const NOTHING_SEEN: RecordMemory = Object.freeze({});

/** A record of requests until the last of its calls is finished: then its offset may be committed. */
export class PendingRecord implements CallOrigin {
  /** One too many while it is read, so that calls which finish at once do not finish it before the last one is counted. */
  private openCalls = 1;
  private hasDropped = false;
  /** Open here, and finished for the broker; undefined for none, as nearly always. */
  private settled: Set<IncomingCall> | undefined = undefined;
  private refusedCalls: RefusedCalls | undefined;
  private readonly keepsMarks: boolean;

  readonly record: RecordPosition;
  readonly envelope: RequestEnvelope;
  readonly caller: Caller;
  readonly receivedAtMs: number;
  readonly arrival: Arrival;

  constructor(
    opened: OpenedRecord,
    private readonly account: RecordAccount,
    private readonly memory: RecordMemory = NOTHING_SEEN,
  ) {
    this.record = opened.record;
    this.envelope = opened.envelope;
    this.caller = opened.caller;
    this.receivedAtMs = opened.receivedAtMs;
    this.arrival = opened.arrival;
    this.keepsMarks = account.keepsMarks;
  }

  get share(): PartitionShare {
    return this.account.share;
  }

  /** The calls that were not admitted because somebody repeated them; undefined for none, as nearly always. */
  get refused(): RefusedCalls | undefined {
    return this.refusedCalls;
  }

  /** Whether the call was finished before the record was read now, by this server or another. @param index its place in the record */
  wasRun(message: RequestMessage | EventMessage, index: number): boolean {
    if (!this.keepsMarks || !this.account.tracked.wasRun(index)) return false;
    this.noteHad(message);
    return true;
  }

  /** The call is not to be run should it come again. */
  noteHad(message: RequestMessage | EventMessage): void {
    noteHad(this.memory, message);
  }

  /** Whether the call stood in the log before, and was run. Asked once for each, in their order. */
  isRepeated({ seq }: RequestMessage | EventMessage): boolean {
    const { seen } = this.memory;
    return seen !== undefined && !seen.add(seq);
  }

  /** @returns whether the call is to be run: it is asked for each, in their order. */
  admits(message: RequestMessage | EventMessage): boolean {
    const { guard } = this.memory;
    if (guard === undefined) return true;
    const verdict = guard.judge(message);
    if (verdict === 'new') return true;
    if (verdict !== 'known') (this.refusedCalls ??= new RefusedCalls()).add(verdict);
    return false;
  }

  /** One more call of the record is open; `release` when it is not. */
  retain(): void {
    this.openCalls += 1;
  }

  /** The message needs no work, or no more. @param index its place in the record */
  mark(index: number): void {
    if (this.keepsMarks) this.account.tracked.mark(index);
  }

  /** As `release`, of the call at this place. */
  finish(index: number): void {
    const { share, tracked } = this.account;
    if (this.keepsMarks && (this.openCalls > 1 || this.hasDropped)) share.finishCall(tracked, index);
    this.release();
  }

  release(): void {
    this.openCalls -= 1;
    this.finishIfSettled();
    const { gate, share, bytes } = this.account;
    if (this.openCalls === 0) gate.free(share, bytes);
  }

  onFinished(call: IncomingCall): void {
    this.caller.calls.delete(call.message.seq);
    this.settled?.delete(call);
    this.finish(call.index);
  }

  pledge(call: IncomingCall, told: (outcome: PledgeOutcome) => void): () => void {
    const { share, tracked: record } = this.account;
    const { index } = call;
    if (this.keepsMarks && index < MAX_MARKS)
      return share.pledge({ record, index, told: (outcome) => this.onPledged(call, outcome, told) });
    told('impossible');
    return () => undefined;
  }

  private onPledged(
    call: IncomingCall,
    outcome: PledgeOutcome,
    told: (outcome: PledgeOutcome) => void,
  ): void {
    if (outcome === 'kept') {
      const { share, tracked } = this.account;
      (this.settled ??= new Set()).add(call);
      share.finishCall(tracked, call.index);
      this.finishIfSettled();
    }
    told(outcome);
  }

  /** What is left open of it, if anything, is nobody else's to run. */
  private finishIfSettled(): void {
    const { share, tracked } = this.account;
    if (!this.hasDropped && this.openCalls <= (this.settled?.size ?? 0)) share.finish(tracked);
  }

  /** The offset stays open: its next reader is to find the call there. */
  onDropped({ message }: IncomingCall): void {
    this.caller.calls.delete(message.seq);
    this.memory.guard?.allowAgain(message);
    this.hasDropped = true;
    this.release();
  }
}
