import type { ConsumerRecord } from '../driver/record.js';
import type { RequestEnvelope } from '../protocol/envelope.js';
import type { EventMessage, RequestMessage } from '../protocol/message.js';
import type { Caller } from './caller.js';
import type { CallOrigin, IncomingCall } from './incoming-call.js';
import { RefusedCalls } from './refusals/refused-calls.js';
import type { RecordGuard } from './replay-guard.js';

/** A record of requests as it came, whose it is, and when. */
export interface ReceivedRecord {
  readonly record: ConsumerRecord;
  readonly envelope: RequestEnvelope;
  readonly caller: Caller;
  /** On the estimate of the broker's clock. */
  readonly receivedAtMs: number;
}

/** A record of requests until the last of its calls is finished: then its offset may be committed. */
export class PendingRecord implements CallOrigin {
  /** One too many while it is read, so that calls which finish at once do not finish it before the last one is counted. */
  private openCalls = 1;
  private refusedCalls: RefusedCalls | undefined;

  readonly record: ConsumerRecord;
  readonly envelope: RequestEnvelope;
  readonly caller: Caller;
  readonly receivedAtMs: number;

  constructor(
    received: ReceivedRecord,
    private readonly onRecordFinished: (record: ConsumerRecord) => void,
    private readonly guard?: RecordGuard,
  ) {
    this.record = received.record;
    this.envelope = received.envelope;
    this.caller = received.caller;
    this.receivedAtMs = received.receivedAtMs;
  }

  /** The calls that were not admitted because somebody repeated them; undefined for none, as nearly always. */
  get refused(): RefusedCalls | undefined {
    return this.refusedCalls;
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
    if (this.openCalls === 0) this.onRecordFinished(this.record);
  }

  onFinished({ message }: IncomingCall): void {
    this.caller.calls.delete(message.seq);
    this.release();
  }

  /** The offset stays open: its next reader is to find the call there. */
  onDropped({ message }: IncomingCall): void {
    this.caller.calls.delete(message.seq);
    this.guard?.allowAgain(message);
  }
}
