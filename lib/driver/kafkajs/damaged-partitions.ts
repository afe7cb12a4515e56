import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { DriverEvent } from '../driver.js';
import type { PartitionCursor } from './partition-cursor.js';

/** What a network does to bytes is gone with the next fetch; what a disk has done is not. */
const TRIES_UNTIL_TOLD = 3;

/** Partitions whose next batch is not what was written. Each is a state until it can be read: nothing of it is passed over. */
export class DamagedPartitions {
  private readonly told = new Set<PartitionCursor>();

  constructor(private readonly report: (source: string, event: DriverEvent) => void) {}

  /** Its batch was damaged once more. */
  note(cursor: PartitionCursor, cause: unknown): void {
    if (cursor.failures < TRIES_UNTIL_TOLD) return;
    this.told.add(cursor);
    this.report(sourceOf(cursor), { type: 'crashed', error: damaged(cursor, cause) });
  }

  /** Tells of those that were read since. */
  look(): void {
    if (this.told.size === 0) return;
    for (const cursor of this.told) if (cursor.failures === 0) this.leave(cursor);
  }

  /** It is read no more, or again. */
  leave(cursor: PartitionCursor): void {
    if (this.told.delete(cursor)) this.report(sourceOf(cursor), { type: 'connected' });
  }
}

const sourceOf = ({ topicPartition: { topic, partition } }: PartitionCursor): string =>
  `batches of ${topic}[${partition}]`;

const damaged = ({ topicPartition: { topic, partition }, next }: PartitionCursor, cause: unknown): RpcError =>
  new RpcError(
    RpcStatus.DATA_LOSS,
    `Could not read ${topic}[${partition}] at offset ${next}: ${(cause as Error).message}, each time that it was fetched. ` +
      'Other partitions are read on. If it lasts, the copy on the disk of the leader is damaged: let another replica lead ' +
      '(kafka-leader-election), or give up its records up to the next batch (kafka-delete-records).',
    { cause, retryable: true },
  );
