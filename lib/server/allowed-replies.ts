import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { Envelope, ReplyAddress, RequestEnvelope } from '../protocol/envelope.js';
import { refusalError } from '../wire/refusal.js';

/** The only place replies may go to. */
export interface ReplyTopicView {
  readonly topic: string;
  readonly partitions: number;
  /** Whether it is worth while to look for more partitions. @default false */
  readonly mayHaveGrown?: boolean;
  /** Looks for more partitions. */
  lookUp?(): Promise<void>;
}

/** A reply address is the sender's word: nothing but the reply topic is ever written to. */
export class AllowedReplies {
  constructor(private readonly replyTopic: ReplyTopicView) {}

  /** @throws RpcError to refuse a record that is no request, or whose replies would go elsewhere. */
  accept(envelope: Envelope): RequestEnvelope {
    if (envelope.direction !== 'request') {
      const refusal = { reason: 'direction' } as const;
      throw refusalError(RpcStatus.INVALID_ARGUMENT, 'A reply stands on a request topic.', refusal);
    }
    if (envelope.replyTo !== null) this.check(envelope.replyTo);
    return envelope;
  }

  /** A client may read a partition that is younger than what this server knows. */
  lookAgain({ replyTo }: RequestEnvelope): Promise<void> | undefined {
    if (replyTo === null || this.isKnown(replyTo)) return undefined;
    return this.replyTopic.lookUp?.().then(() => {
      if (!this.isKnown(replyTo)) throw this.foreignAddress();
    });
  }

  private check(address: ReplyAddress): void {
    const { topic, mayHaveGrown = false } = this.replyTopic;
    if (this.isKnown(address) || (address.topic === topic && mayHaveGrown)) return;
    throw this.foreignAddress();
  }

  private isKnown({ topic, partition }: ReplyAddress): boolean {
    const { replyTopic } = this;
    return topic === replyTopic.topic && partition < replyTopic.partitions;
  }

  private foreignAddress(): RpcError {
    const { topic, partitions } = this.replyTopic;
    return refusalError(
      RpcStatus.PERMISSION_DENIED,
      `The record is refused: replies go only to ${topic}, partitions 0 to ${partitions - 1}.`,
      { reason: 'reply-address' },
    );
  }
}
