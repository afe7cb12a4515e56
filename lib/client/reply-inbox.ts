import type { RefusedRecord } from '../diagnostics/channels.js';
import type { Counters } from '../diagnostics/counters.js';
import { reportRefusal } from '../diagnostics/refusal-report.js';
import type { ConsumerRecord } from '../driver/record.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { Envelope, ReplyEnvelope } from '../protocol/envelope.js';
import type { Message } from '../protocol/message.js';
import type { ReceiverHandler } from '../wire/receiver.js';
import { refusedRecord } from '../wire/refusal.js';
import type { OpenAsks } from './asks/open-asks.js';
import type { AnsweredCalls } from './answered-calls.js';
import type { HeardRefusals } from './heard-refusals.js';
import { KnownServers } from './known-servers.js';
import type { PendingCall } from './pending-call.js';
import type { PendingCalls } from './pending-calls.js';
import { ReplyQueue, type ReplyOrigin } from './reply-queue.js';

export interface ReplyInboxParts {
  readonly clientId: Buffer;
  /** What this client reads. */
  readonly contentType: string;
  readonly calls: PendingCalls;
  readonly asks: Pick<OpenAsks, 'take'>;
  readonly answered: AnsweredCalls;
  readonly counters: Counters;
  readonly refusals: Pick<HeardRefusals, 'onNotice' | 'onRefused' | 'onLateReply'>;
}

/**
 * Replies meet their calls. The partition is shared with other clients: what is not addressed to this one is dropped by its
 * envelope alone.
 */
export class ReplyInbox implements ReceiverHandler<ReplyEnvelope> {
  private readonly servers = new KnownServers();
  private readonly queue = new ReplyQueue((message, origin) => this.take(message, origin));

  constructor(private readonly parts: ReplyInboxParts) {}

  accept(envelope: Envelope, record: ConsumerRecord): ReplyEnvelope | undefined {
    if (envelope.direction === 'request' || !envelope.recipient.equals(this.parts.clientId)) return undefined;
    if (envelope.direction === 'reply') return this.withKnownSender(envelope);
    this.parts.refusals.onNotice(record.value ?? NO_BYTES, envelope.sender);
    return undefined;
  }

  onMessages(
    messages: readonly Message[],
    envelope: ReplyEnvelope,
    record: ConsumerRecord,
    malformed?: RefusedRecord,
  ): void {
    if (malformed !== undefined) this.parts.refusals.onRefused(malformed, true);
    this.queue.add({ messages, envelope, record });
  }

  onRefused(_record: ConsumerRecord, refused: RefusedRecord, envelope: ReplyEnvelope | undefined): void {
    this.parts.refusals.onRefused(refused, envelope !== undefined);
  }

  private withKnownSender({ sender, contentType, stages, recipient }: ReplyEnvelope): ReplyEnvelope {
    return { direction: 'reply', sender: this.servers.idOf(sender), contentType, stages, recipient };
  }

  private take(message: Message, { envelope, record }: ReplyOrigin): void {
    try {
      this.apply(message, envelope);
    } catch (error) {
      // Its caller failed at it: the other replies have callers of their own.
      const refused = refusedRecord(record, error);
      reportRefusal(this.parts.counters, refused);
      this.parts.refusals.onRefused(refused, true);
    }
  }

  private apply(message: Message, envelope: ReplyEnvelope): void {
    const { calls, answered, contentType } = this.parts;
    const call = calls.get(message.seq);
    if (call === undefined) return this.withoutCall(message, envelope.sender);
    if (isEnd(message)) answered.add(message.seq, envelope.sender);
    call.origin.serviceState.markAnswered();
    if (message.kind === 'error' || envelope.contentType === contentType)
      return apply(message, call, envelope.sender);
    call.fail(otherContentType(envelope.contentType, contentType));
  }

  private withoutCall(message: Message, server: Buffer): void {
    const { asks, answered, counters, refusals } = this.parts;
    if (message.kind === 'pong') {
      if (!asks.take(message, server)) counters.add('pongsIgnored');
      return;
    }
    counters.add('lateReplies');
    refusals.onLateReply(message.seq);
    if (isEnd(message)) answered.answeredAgain(message.seq, server);
  }
}

const NO_BYTES = Buffer.alloc(0);

const isEnd = ({ kind }: Message): boolean => kind === 'complete' || kind === 'error';

const otherContentType = (theirs: string, ours: string): RpcError =>
  new RpcError(
    RpcStatus.INTERNAL,
    `The server answers in ${theirs.slice(0, 40)}, this client reads ${ours}: give both sides the same serializer.`,
  );

const apply = (message: Message, call: PendingCall, server: Buffer): void => {
  switch (message.kind) {
    case 'next':
      return call.next(message, server);
    case 'complete':
      return call.complete(message, server);
    case 'error':
      return call.error(message);
    case 'headers':
      return call.headers(message, server);
    case 'progress':
      return call.progress(message, server);
    default:
      // A caller is sent nothing else in this version.
      return;
  }
};
