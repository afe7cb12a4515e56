import type { RequestEnvelope } from '../protocol/envelope.js';
import type { EventMessage, RequestMessage } from '../protocol/message.js';
import type { Caller } from './caller.js';
import type { CallOrigin, IncomingCall } from './incoming-call.js';
import type { PartitionShare } from './partition-share.js';
import { RefusedCalls } from './refusals/refused-calls.js';
import type { RecordGuard } from './replay-guard.js';
import type { RequestGate } from './request-gate.js';
import type { Arrival } from './request-clock.js';
import type { RecordPosition } from './request-record.js';
import type { TrackedRecord } from './tracked-record.js';

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
}

/** A record of requests until the last of its calls is finished: then its offset may be committed. */
export class PendingRecord implements CallOrigin {
  /** One too many while it is read, so that calls which finish at once do not finish it before the last one is counted. */
  private openCalls = 1;
  private hasDropped = false;
  private refusedCalls: RefusedCalls | undefined;

  readonly record: RecordPosition;
  readonly envelope: RequestEnvelope;
  readonly caller: Caller;
  readonly receivedAtMs: number;
  readonly arrival: Arrival;

  constructor(
    opened: OpenedRecord,
    private readonly account: RecordAccount,
    private readonly guard?: RecordGuard,
  ) {
    this.record = opened.record;
    this.envelope = opened.envelope;
    this.caller = opened.caller;
    this.receivedAtMs = opened.receivedAtMs;
    this.arrival = opened.arrival;
  }

  /** The calls that were not admitted because somebody repeated them; undefined for none, as nearly always. */
  get refused(): RefusedCalls | undefined {
    return this.refusedCalls;
  }

  /** Whether the call was run here before the partition went and came back. */
  wasRun({ seq }: RequestMessage | EventMessage): boolean {
    return this.account.tracked.wasRun(seq);
  }

  /** @returns whether the call is to be run: it is asked for each, in their order. */
  admits(message: RequestMessage | EventMessage): boolean {
    if (this.guard === undefined) return true;
    const verdict = this.guard.judge(message);
    if (verdict === 'new') return true;
    if (verdict !== 'known') (this.refusedCalls ??= new RefusedCalls()).add(verdict);
    return false;
  }

  /** One more call of the record is open; `release` when it is not. */
  retain(): void {
    this.openCalls += 1;
  }

  release(): void {
    this.openCalls -= 1;
    if (this.openCalls > 0) return;
    const { gate, share, tracked, bytes } = this.account;
    if (!this.hasDropped) share.finish(tracked);
    gate.free(share, bytes);
  }

  onFinished({ message }: IncomingCall): void {
    this.caller.calls.delete(message.seq);
    this.release();
  }

  /** The offset stays open: its next reader is to find the call there. */
  onDropped({ message }: IncomingCall): void {
    this.caller.calls.delete(message.seq);
    this.guard?.allowAgain(message);
    this.account.tracked.drop(message.seq);
    this.hasDropped = true;
    this.release();
  }
}
