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

/** The number of a message, once it has one. */
export interface OwnNumber {
  seq?: number;
}

interface OwnPartition {
  readonly destination: Destination;
  /** The number that was sent there last. */
  lastSeq: number;
}

/**
 * Messages that a server writes in its own name, each until the broker has it in all in-sync replicas.
 *
 * They stand in their topic under this server's name and its own count, which grows along each partition: so nobody can append one again
 * where records are authenticated (`ReplayGuard`). What has the keys of a client is not needed for that. An attempt that failed may have
 * been appended all the same, so the next one has the same number where that is possible: whoever reads both knows them for one.
 */
export class OwnMessages {
  private readonly partitions = new Map<string, OwnPartition>();
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
   * @param messageOf makes the message of its number
   * @param number the same for all attempts to write one message
   * @throws RpcError when the broker may not have it
   */
  send(
    at: TopicPartition,
    messageOf: (seq: number) => DeferredMessage | ResultMessage,
    number: OwnNumber = {},
  ): Promise<void> {
    const { outbox, codec } = this.parts;
    const partition = this.partitionOf(at);
    const message = messageOf(this.seqOf(number, partition));
    return new Promise((resolve, reject) => {
      const delivered = (error?: RpcError): void => (error === undefined ? resolve() : reject(error));
      outbox.send(partition.destination, message, { delivered }, codec.keepsApart(message.pattern));
    });
  }

  /** Resolves when nothing is on its way. */
  idle(): Promise<void> {
    return this.writes.idle();
  }

  close(): void {
    this.writes.close();
  }

  /** Where records are authenticated, what was appended meanwhile has a higher one, and a lower one behind it would be refused. */
  private seqOf(number: OwnNumber, partition: OwnPartition): number {
    const { seq } = number;
    if (seq !== undefined && (!this.parts.codec.authenticates || seq === partition.lastSeq)) return seq;
    this.lastSeq += 1;
    number.seq = this.lastSeq;
    partition.lastSeq = this.lastSeq;
    return this.lastSeq;
  }

  private partitionOf({ topic, partition }: TopicPartition): OwnPartition {
    const name = `${topic}:${partition}`;
    const known = this.partitions.get(name);
    if (known !== undefined) return known;
    const envelope = ownEnvelope(this.parts.codec, this.parts.id);
    const destination: Destination = Object.freeze({ topic, partition, direction: 'request', envelope });
    const opened = { destination, lastSeq: 0 };
    this.partitions.set(name, opened);
    return opened;
  }
}
