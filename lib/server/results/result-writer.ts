import type { TopicPartition } from '../../driver/record.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { KeptEnd, ResultMessage } from '../../protocol/message.js';
import type { Codec } from '../../wire/codec.js';
import type { Destination } from '../../wire/destination-queue.js';
import type { Outbox } from '../../wire/outbox.js';
import { ownEnvelope } from '../own-record.js';
import { PersistentWrites } from '../retries/persistent-writes.js';

export interface ResultWriterParts {
  /** This server's. */
  readonly id: Buffer;
  /** One that waits for all in-sync replicas. */
  readonly outbox: Pick<Outbox, 'send' | 'idle'>;
  readonly codec: Codec;
  /** Told of each attempt that failed. Must not throw. */
  readonly onFailed: (error: RpcError) => void;
}

/** A result before it has its number. */
export type NewResult = Omit<ResultMessage, 'kind' | 'seq'>;

const NO_DETAILS = Buffer.alloc(0);

/** Results go to their topic, each until the broker has it in all in-sync replicas. */
export class ResultWriter {
  private readonly destinations = new Map<string, Destination>();
  private readonly writes: PersistentWrites;
  private lastSeq = 0;

  constructor(private readonly parts: ResultWriterParts) {
    this.writes = new PersistentWrites({ onFailed: parts.onFailed });
  }

  /** @param done called once, when the broker has it, or an error in the place of one that is too large for it */
  write(at: TopicPartition, result: NewResult, done: () => void): void {
    const to = this.destination(at);
    this.writes.write(
      () => this.send(to, result).catch((error: unknown) => this.sendLess(to, result, error)),
      done,
    );
  }

  async idle(): Promise<void> {
    await this.writes.idle();
  }

  close(): void {
    this.writes.close();
  }

  private async sendLess(to: Destination, result: NewResult, error: unknown): Promise<void> {
    const { status, retryable, message } = RpcError.from(error);
    if (status !== RpcStatus.RESOURCE_EXHAUSTED || retryable) throw error;
    await this.send(to, { ...result, end: tooLarge(result.pattern, message) });
  }

  private send(to: Destination, result: NewResult): Promise<void> {
    const { outbox, codec } = this.parts;
    this.lastSeq += 1;
    const message: ResultMessage = { ...result, kind: 'result', seq: this.lastSeq };
    return new Promise((resolve, reject) => {
      const delivered = (error?: RpcError): void => (error === undefined ? resolve() : reject(error));
      outbox.send(to, message, { delivered }, codec.keepsApart(message.pattern));
    });
  }

  private destination({ topic, partition }: TopicPartition): Destination {
    const name = `${topic}:${partition}`;
    const known = this.destinations.get(name);
    if (known !== undefined) return known;
    const envelope = ownEnvelope(this.parts.codec, this.parts.id);
    const to: Destination = Object.freeze({ topic, partition, direction: 'request', envelope });
    this.destinations.set(name, to);
    return to;
  }
}

/** Kept in its place, so that the handler does not run again for what cannot be told anyway. */
const tooLarge = (pattern: string, reason: string): KeptEnd => ({
  status: RpcStatus.RESOURCE_EXHAUSTED,
  message: `The result of "${pattern}" is too large to be kept for its idempotencyKey: ${reason}`,
  details: NO_DETAILS,
});
