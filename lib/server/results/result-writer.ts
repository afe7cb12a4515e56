import type { TopicPartition } from '../../driver/record.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { KeptEnd, ResultMessage } from '../../protocol/message.js';
import { OwnMessages, type OwnMessagesParts } from '../own-messages.js';

/** A result before it has its number. */
export type NewResult = Omit<ResultMessage, 'kind' | 'seq'>;

const NO_DETAILS = Buffer.alloc(0);

/** Results go to their topic, each until the broker has it in all in-sync replicas. */
export class ResultWriter {
  private readonly messages: OwnMessages;

  constructor(parts: OwnMessagesParts) {
    this.messages = new OwnMessages(parts);
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
    const { status, retryable, message } = RpcError.from(error);
    if (status !== RpcStatus.RESOURCE_EXHAUSTED || retryable) throw error;
    await this.send(at, { ...result, end: tooLarge(result.pattern, message) });
  }

  private send(at: TopicPartition, result: NewResult): Promise<void> {
    return this.messages.send(at, (seq) => ({ ...result, kind: 'result', seq }));
  }
}

/** Kept in its place, so that the handler does not run again for what cannot be told anyway. */
const tooLarge = (pattern: string, reason: string): KeptEnd => ({
  status: RpcStatus.RESOURCE_EXHAUSTED,
  message: `The result of "${pattern}" is too large to be kept for its idempotencyKey: ${reason}`,
  details: NO_DETAILS,
});
