import type { RefusedRecord } from '../diagnostics/channels.js';
import type { Counters } from '../diagnostics/counters.js';
import type { DriverConnection } from '../driver/driver.js';
import type { ConsumerRecord, TopicPartition } from '../driver/record.js';
import type { RpcError } from '../errors/rpc-error.js';
import { deadLetterOf } from './dead-letter.js';
import type { DeadLetterTopic } from './dead-letter-topics.js';
import { DeadLetters } from './dead-letters.js';

export interface RefusedRequestsParts {
  readonly driver: Pick<DriverConnection, 'produce'>;
  readonly options: { readonly maxRecordBytes: number; readonly maxQueuedBytes: number };
  readonly counters: Counters;
  /** By request topic; empty when nothing is dead-lettered. */
  readonly deadLetterTopics: ReadonlyMap<string, DeadLetterTopic>;
  readonly hooks: {
    /** Told of every one. */
    readonly onRefused: (refused: RefusedRecord) => void;
    readonly onDeadLetterLost: (error: RpcError) => void;
  };
}

/** What becomes of refused request records: told, and kept when so configured, before they are finished. */
export class RefusedRequests {
  private readonly letters: DeadLetters;

  constructor(private readonly parts: RefusedRequestsParts) {
    const { driver, options, counters, hooks } = parts;
    this.letters = new DeadLetters({
      connection: driver,
      maxBatchBytes: options.maxRecordBytes,
      maxWaitingBytes: options.maxQueuedBytes,
      counters,
      onLost: hooks.onDeadLetterLost,
    });
  }

  add(refused: RefusedRecord, record: ConsumerRecord, finish: () => void): void {
    this.parts.hooks.onRefused(refused);
    const to = this.placeOf(record);
    if (to === undefined) finish();
    else this.letters.write(deadLetterOf(record, refused, to), finish);
  }

  /** Resolves when all dead letters are written. */
  idle(): Promise<void> {
    return this.letters.idle();
  }

  /** Writes no more: records whose dead letters wait are read again. */
  close(): void {
    this.letters.close();
  }

  private placeOf({ topic, partition }: TopicPartition): TopicPartition | undefined {
    const to = this.parts.deadLetterTopics.get(topic);
    return to && { topic: to.topic, partition: partition % to.partitions };
  }
}
