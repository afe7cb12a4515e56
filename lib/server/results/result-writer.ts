import type { TopicPartition } from '../../driver/record.js';
import { isReplyTooLarge, REPLY_TOO_LARGE } from '../../errors/reply-too-large.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { KeptEnd, ResultMessage } from '../../protocol/message.js';
import type { Serializer } from '../../wire/serializer.js';
import { OwnMessages, type OwnMessagesParts } from '../own-messages.js';
import { serializeDetails } from '../sendable-details.js';

/** A result before it has its number. */
export type NewResult = Omit<ResultMessage, 'kind' | 'seq'>;

/** Results go to their topic, each until the broker has it in all in-sync replicas. */
export class ResultWriter {
  private readonly messages: OwnMessages;
  private readonly serializer: Serializer;

  constructor(parts: OwnMessagesParts) {
    this.messages = new OwnMessages(parts);
    this.serializer = parts.codec.serializer;
  }

  /** @param done called once, when the broker has it, or an error in the place of one that is too large for it */
  write(at: TopicPartition, result: NewResult, done: () => void): void {
    this.messages.write(
      () => this.send(at, result).catch((error: unknown) => this.sendLess(at, result, error)),
      done,
    );
  }

  /** Resolves when nothing is on its way. */
  idle(): Promise<void> {
    return this.messages.idle();
  }

  close(): void {
    this.messages.close();
  }

  private async sendLess(at: TopicPartition, result: NewResult, error: unknown): Promise<void> {
    const failure = RpcError.from(error);
    if (!isReplyTooLarge(failure)) throw error;
    const details = serializeDetails(REPLY_TOO_LARGE, this.serializer);
    await this.send(at, { ...result, end: tooLarge(result.pattern, failure.message, details) });
  }

  private send(at: TopicPartition, result: NewResult): Promise<void> {
    return this.messages.send(at, (seq) => ({ ...result, kind: 'result', seq }));
  }
}

/** Kept in its place, so that the handler does not run again for what cannot be told anyway. */
const tooLarge = (pattern: string, reason: string, details: Buffer): KeptEnd => ({
  status: RpcStatus.RESOURCE_EXHAUSTED,
  message: `The result of "${pattern}" is too large to be kept for its idempotencyKey: ${reason}`,
  details,
});
