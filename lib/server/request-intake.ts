import type { Counters } from '../diagnostics/counters.js';
import type { RefusedRecord } from '../diagnostics/channels.js';
import type { ConsumerRecord } from '../driver/record.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { Envelope, ReplyAddress, RequestEnvelope } from '../protocol/envelope.js';
import type { Message } from '../protocol/message.js';
import type { BrokerClock } from '../wire/broker-clock.js';
import type { ReceiverHandler } from '../wire/receiver.js';
import type { Caller, Callers } from './caller.js';
import { IncomingCall, type CallOrigin } from './incoming-call.js';

/** The only place replies may go to. */
export interface ReplyTopic {
  readonly topic: string;
  readonly partitions: number;
}

export interface IntakeParts {
  readonly callers: Callers;
  readonly clock: BrokerClock;
  readonly counters: Counters;
  readonly replyTopic: ReplyTopic;
  readonly onCall: (call: IncomingCall) => void;
  readonly onRefused: (refused: RefusedRecord) => void;
  /** Nothing in the record needs work any more. */
  readonly onFinished: (record: ConsumerRecord) => void;
}

/** Request records become calls: the server's way in. */
export class RequestIntake implements ReceiverHandler<RequestEnvelope> {
  constructor(private readonly parts: IntakeParts) {}

  accept(envelope: Envelope): RequestEnvelope {
    if (envelope.direction !== 'request') {
      throw new RpcError(RpcStatus.INVALID_ARGUMENT, 'A reply stands on a request topic.');
    }
    if (envelope.replyTo !== null) this.checkReplyAddress(envelope.replyTo);
    return envelope;
  }

  onMessages(messages: readonly Message[], envelope: RequestEnvelope, record: ConsumerRecord): void {
    const caller = this.parts.callers.get(envelope.sender, envelope.replyTo);
    // One too many, so that calls which finish at once do not finish the record before the last one is counted.
    let open = 1;
    const finishOne = (): void => {
      open -= 1;
      if (open === 0) this.parts.onFinished(record);
    };
    const receivedAtMs = this.parts.clock.now();
    const cancelled = cancelledSeqs(messages);
    for (const message of messages) {
      if (message.kind === 'request' || message.kind === 'event') {
        if (cancelled?.has(message.seq)) {
          this.parts.counters.add('callsCancelled');
          continue;
        }
        open += 1;
        this.takeIn({ message, envelope, record, caller, receivedAtMs }, finishOne);
      } else if (message.kind === 'cancel') {
        this.cancel(caller, message.seq);
      }
    }
    finishOne();
  }

  onRefused(record: ConsumerRecord, refused: RefusedRecord): void {
    this.parts.onRefused(refused);
    this.parts.onFinished(record);
  }

  private takeIn(origin: CallOrigin & { readonly caller: Caller }, onFinished: () => void): void {
    const { caller, message } = origin;
    const inHand = caller.calls.get(message.seq);
    if (inHand !== undefined) {
      // The same call again, while its first delivery is still being worked on: one answer serves both.
      this.parts.counters.add('recordsRedelivered');
      return inHand.whenFinished(onFinished);
    }
    const call = new IncomingCall(origin);
    caller.calls.set(message.seq, call);
    call.whenDropped(() => caller.calls.delete(message.seq));
    call.whenFinished(() => {
      caller.calls.delete(message.seq);
      onFinished();
    });
    this.parts.onCall(call);
  }

  private cancel(caller: Caller, seq: number): void {
    if (caller.calls.get(seq)?.stop('The caller cancelled.')) this.parts.counters.add('callsCancelled');
  }

  /** A reply address is the sender's word: nothing but the reply topic is ever written to. */
  private checkReplyAddress({ topic, partition }: ReplyAddress): void {
    const { replyTopic } = this.parts;
    if (topic === replyTopic.topic && partition < replyTopic.partitions) return;
    throw new RpcError(
      RpcStatus.PERMISSION_DENIED,
      `Replies to ${topic}[${partition}] are not allowed: only to ${replyTopic.topic}, partitions 0 to ` +
        `${replyTopic.partitions - 1}.`,
    );
  }
}

/** A call that was cancelled while both waited for the broker stands in one record with its cancel, and is never begun. */
const cancelledSeqs = (messages: readonly Message[]): Set<number> | undefined => {
  let seqs: Set<number> | undefined;
  for (const { kind, seq } of messages) {
    if (kind === 'cancel') (seqs ??= new Set()).add(seq);
  }
  return seqs;
};
