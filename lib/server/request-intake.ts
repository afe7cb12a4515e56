import type { Counters } from '../diagnostics/counters.js';
import type { RefusedRecord } from '../diagnostics/channels.js';
import { reportRefusal } from '../diagnostics/refusal-report.js';
import type { ConsumerRecord } from '../driver/record.js';
import type { Envelope, RequestEnvelope } from '../protocol/envelope.js';
import type { DeferredMessage, Message } from '../protocol/message.js';
import { NumberSet } from '../protocol/number-set.js';
import { decodeNotes, NOTES_HEADER } from '../protocol/reply-notes.js';
import { decodeSigns, SIGNS_HEADER } from '../protocol/signs-of-life.js';
import { CREDIT_HEADER, decodeCredit } from '../protocol/stream-credit.js';
import type { ReceiverHandler } from '../wire/receiver.js';
import { AllowedReplies, type ReplyTopicView } from './allowed-replies.js';
import { callerName, type Caller, type Callers } from './caller.js';
import { IncomingCall } from './incoming-call.js';
import { ownBytes } from './own-bytes.js';
import { noteHad, type CallMemory } from './duplicates/call-memory.js';
import { invocationIn, isCall, type Invocation } from './invocation.js';
import { PendingRecord } from './pending-record.js';
import type { RequestGate } from './request-gate.js';
import type { RequestRecord } from './request-record.js';
import type { RefusedCalls } from './refusals/refused-calls.js';
import type { RequestClock } from './request-clock.js';
import type { IdempotentCalls } from './results/idempotent-calls.js';
import { hearCredit } from './streams/heard-credit.js';
import { historyOf } from './retries/call-history.js';
import { invocationOf } from './retries/deferred-message.js';
import type { DelayedCalls } from './retries/delayed-calls.js';

/** A request record that is refused, or of which messages are. */
export interface RefusedRequest {
  readonly record: ConsumerRecord;
  readonly refused: RefusedRecord;
  /** What its sender says of itself, if its reply address is good. */
  readonly envelope: RequestEnvelope | undefined;
}

export interface IntakeParts {
  readonly callers: Callers;
  readonly clock: RequestClock;
  readonly counters: Counters;
  readonly replyTopic: ReplyTopicView;
  /** Of the calls that were had. @default nothing is remembered */
  readonly memory?: Pick<CallMemory, 'of'>;
  readonly onCall: (call: IncomingCall) => void;
  /** Where calls wait that are to run later. */
  readonly delayed: Pick<DelayedCalls, 'take' | 'countsFor'>;
  /** Where calls with an idempotency key find their result. */
  readonly idempotent: Pick<IdempotentCalls, 'take'>;
  /** @param finish to be called when nothing needs the refused record any more */
  readonly onRefused: (request: RefusedRequest, finish: () => void) => void;
  /** Where what is taken in is counted. */
  readonly gate: Pick<RequestGate, 'opened' | 'free'>;
}

/** What a call takes in memory beside its bytes, near enough. */
const CALL_BYTES = 512;

/** A record of which messages may be refused. */
interface OpenedParts {
  readonly record: RequestRecord;
  readonly envelope: RequestEnvelope;
  readonly malformed: RefusedRecord | undefined;
}

/** Request records become calls: the server's way in. */
export class RequestIntake implements ReceiverHandler<RequestEnvelope, RequestRecord> {
  private readonly replies: AllowedReplies;

  constructor(private readonly parts: IntakeParts) {
    this.replies = new AllowedReplies(parts.replyTopic);
  }

  accept(envelope: Envelope): RequestEnvelope {
    return this.replies.accept(envelope);
  }

  onMessages(
    messages: readonly Message[],
    envelope: RequestEnvelope,
    record: RequestRecord,
    malformed?: RefusedRecord,
  ): void {
    // Its stages took longer than its partition was ours: the next owner reads it.
    if (record.share.isClosed) return;
    if (record.tracked.isFinished) return this.note(messages, envelope, record);
    const pending = this.begin(messages.length, envelope, record, malformed === undefined);
    try {
      this.takeAllIn(messages, pending);
      this.tellRefused({ record, envelope, malformed }, pending);
    } finally {
      pending.release();
    }
  }

  private takeAllIn(messages: readonly Message[], pending: PendingRecord): void {
    const { caller } = pending;
    const cancelled = cancelledSeqs(messages);
    for (let index = 0; index < messages.length; index++) {
      const message = messages[index] as Message;
      if (isCall(message) && !cancelled?.has(message.seq)) {
        this.takeIn(message, index, pending);
        continue;
      }
      if (message.kind === 'cancel') this.cancel(caller, message.seq);
      else if (message.kind === 'credit')
        hearCredit(caller.calls.get(message.seq), message, this.parts.counters);
      else if (isCall(message)) this.parts.counters.add('callsCancelled');
      pending.mark(index);
    }
  }

  private tellRefused(opened: OpenedParts, pending: PendingRecord): void {
    const { record, envelope, malformed } = opened;
    if (malformed === undefined && pending.refused === undefined) return;
    const tell = (refused: RefusedRecord): void => {
      // It is finished when nothing needs what was refused of it either.
      pending.retain();
      this.parts.onRefused({ record, refused, envelope }, () => pending.release());
    };
    if (malformed !== undefined) tell(malformed);
    if (pending.refused !== undefined) this.report(pending.refused, record, tell);
  }

  /** Of a record that was finished before it was read now: its calls were had. */
  private note(
    messages: readonly Message[],
    { sender, replyTo }: RequestEnvelope,
    record: RequestRecord,
  ): void {
    const { clock, memory } = this.parts;
    this.passed(record);
    const caller = { id: sender, name: callerName(sender, replyTo) };
    const seen = memory?.of(
      { record, caller, arrival: clock.arrival(), receivedAtMs: clock.now() },
      record.share,
    );
    for (const message of messages) if (seen !== undefined && isCall(message)) noteHad(seen, message);
  }

  /** Nothing of it is to be done. */
  private passed(record: RequestRecord): void {
    this.parts.gate.opened(record, 0);
    record.share.tookIn();
  }

  /** What was finished before was reported then. */
  reports({ tracked }: RequestRecord): boolean {
    return !tracked.isFinished || tracked.isOpened;
  }

  onRefused(record: RequestRecord, refused: RefusedRecord, envelope: RequestEnvelope | undefined): void {
    if (record.share.isClosed) return;
    if (!this.reports(record)) return this.passed(record);
    const { gate, onRefused } = this.parts;
    const { share, tracked } = record;
    // It was taken in, and failed on the way: what was begun of it goes on, and finishes it.
    if (tracked.isOpened) return onRefused({ record, refused, envelope }, () => undefined);
    const bytes = record.value?.length ?? 0;
    gate.opened(record, bytes);
    share.tookIn();
    tracked.open(0);
    onRefused({ record, refused, envelope }, () => {
      share.finish(tracked);
      gate.free(share, bytes);
    });
  }

  /** What is split into messages: a copy, where it would pin the whole fetch that brought it for as long as a call runs. */
  keep(frames: Buffer, record: RequestRecord): Buffer {
    record.frameBytes = frames.length;
    return ownBytes(frames);
  }

  lookAgain(envelope: RequestEnvelope): Promise<void> | undefined {
    return this.replies.lookAgain(envelope);
  }

  /** The record is in hand: from here on nothing refers to what it came in. */
  private begin(
    messages: number,
    envelope: RequestEnvelope,
    received: RequestRecord,
    keepsMarks: boolean,
  ): PendingRecord {
    const { callers, clock, memory, gate } = this.parts;
    const { topic, partition, offset, timestampMs, share, tracked } = received;
    const { sender, replyTo, contentType, stages } = envelope;
    const caller = callers.get(sender, replyTo);
    const arrival = clock.arrival();
    caller.heardAtMs = arrival.monotonicMs;
    caller.signEveryMs = decodeSigns(received.headers[SIGNS_HEADER]);
    caller.takesNotes = decodeNotes(received.headers[NOTES_HEADER]);
    caller.credit ??= decodeCredit(received.headers[CREDIT_HEADER]);
    clock.received(received);
    const opened = {
      record: { topic, partition, offset, timestampMs },
      envelope: { direction: 'request', sender: caller.id, contentType, stages, replyTo } as const,
      caller,
      receivedAtMs: clock.now(),
      arrival,
    };
    const bytes = this.parts.delayed.countsFor(topic) ? 0 : received.frameBytes + messages * CALL_BYTES;
    gate.opened(received, bytes);
    share.tookIn();
    tracked.open(messages);
    return new PendingRecord(opened, { gate, share, tracked, bytes, keepsMarks }, memory?.of(opened, share));
  }

  private report(calls: RefusedCalls, record: RequestRecord, tell: (refused: RefusedRecord) => void): void {
    for (const refused of calls.told(record)) {
      reportRefusal(this.parts.counters, refused);
      tell(refused);
    }
  }

  private takeIn(received: Invocation, index: number, record: PendingRecord): void {
    const { calls } = record.caller;
    const message = invocationIn(received);
    record.retain();
    // Before what is in hand: another server may have finished what still runs here from before the partition moved.
    if (record.wasRun(message, index)) {
      this.parts.counters.add('recordsRedelivered');
      return record.finish(index);
    }
    const inHand = calls.get(message.seq);
    if (inHand !== undefined) {
      // The same call again, while its first delivery is still being worked on: one answer serves both.
      this.parts.counters.add('recordsRedelivered');
      // It may run from before the partition was lost, and came back.
      record.noteHad(message);
      return inHand.whenFinished(() => record.finish(index));
    }
    if (record.isRepeated(message)) {
      // It is over, and its answer stands in the reply topic: a second one would tell its caller nothing.
      this.parts.counters.add('callsRepeated');
      return record.finish(index);
    }
    if (!record.admits(message)) return record.finish(index);
    if (received.kind === 'deferred') return this.takeDelayed(received, index, record);
    const call = new IncomingCall(message, record, index);
    calls.set(message.seq, call);
    if (received.kind === 'idempotent') this.parts.idempotent.take(call, received.idempotencyKey);
    else this.parts.onCall(call);
  }

  private takeDelayed(message: DeferredMessage, index: number, record: PendingRecord): void {
    const history = historyOf(message);
    const call = new IncomingCall(invocationOf(message), record, index, history);
    record.caller.calls.set(message.seq, call);
    this.parts.delayed.take(Object.assign(call, { history }));
  }

  private cancel(caller: Caller, seq: number): void {
    if (!caller.calls.get(seq)?.stop('cancelled')) return;
    this.parts.counters.add('callsCancelled');
  }
}

/** A call that was cancelled while both waited for the broker stands in one record with its cancel, and is never begun. */
const cancelledSeqs = (messages: readonly Message[]): NumberSet | undefined => {
  const seqs: number[] = [];
  for (const { kind, seq } of messages) if (kind === 'cancel') seqs.push(seq);
  return seqs.length === 0 ? undefined : new NumberSet(seqs);
};
