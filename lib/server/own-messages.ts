import type { TopicPartition } from '../driver/record.js';
import type { RpcError } from '../errors/rpc-error.js';
import type { DeferredMessage, ResultMessage } from '../protocol/message.js';
import type { Codec } from '../wire/codec.js';
import type { Destination } from '../wire/destination-queue.js';
import type { Outbox } from '../wire/outbox.js';
import { ownEnvelope } from './own-record.js';
import { PersistentWrites } from './persistent-writes.js';

export interface OwnMessagesParts {
  /** This server's. */
  readonly id: Buffer;
  /** One that waits for all in-sync replicas. */
  readonly outbox: Pick<Outbox, 'send' | 'idle'>;
  readonly codec: Codec;
  /** Told of each attempt that failed. Must not throw. */
  readonly onFailed: (error: RpcError) => void;
}

/**
 * Messages that a server writes in its own name, each until the broker has it in all in-sync replicas.
 *
 * They stand in their topic under this server's name and its own count, which grows along each partition: so nobody can append one again
 * where records are authenticated (`ReplayGuard`). What has the keys of a client is not needed for that.
 */
export class OwnMessages {
  private readonly destinations = new Map<string, Destination>();
  private readonly writes: PersistentWrites;
  private lastSeq = 0;

  constructor(private readonly parts: OwnMessagesParts) {
    this.writes = new PersistentWrites({ onFailed: parts.onFailed });
  }

  /** @param attempt rejects when the broker may not have it; @param done called once, when it has */
  write(attempt: () => Promise<void>, done: () => void): void {
    this.writes.write(attempt, done);
  }

  /**
   * One attempt.
   * @param messageOf makes the message of its number, anew for each attempt: what was appended meanwhile has a higher one
   * @throws RpcError when the broker may not have it
   */
  send(at: TopicPartition, messageOf: (seq: number) => DeferredMessage | ResultMessage): Promise<void> {
    const { outbox, codec } = this.parts;
    this.lastSeq += 1;
    const message = messageOf(this.lastSeq);
    return new Promise((resolve, reject) => {
      const delivered = (error?: RpcError): void => (error === undefined ? resolve() : reject(error));
      outbox.send(this.destination(at), message, { delivered }, codec.keepsApart(message.pattern));
    });
  }

  /** Resolves when nothing is on its way. */
  idle(): Promise<void> {
    return this.writes.idle();
  }

  close(): void {
    this.writes.close();
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
