import type { RefusedRecord } from '../../diagnostics/channels.js';
import type { Counters } from '../../diagnostics/counters.js';
import type { UserCode } from '../../diagnostics/user-code.js';
import type { DriverConnection } from '../../driver/driver.js';
import type { TopicPartition } from '../../driver/record.js';
import type { RpcError } from '../../errors/rpc-error.js';
import { deadLetterOf } from '../dead-letters/dead-letter.js';
import type { DeadLetterTopic } from '../dead-letters/dead-letter-topics.js';
import { DeadLetters } from './dead-letters.js';
import { RefusalNotices } from './refusal-notices.js';
import type { RefusedRequest } from '../request-intake.js';

export interface RefusedRequestsParts {
  /** This server's. */
  readonly id: Buffer;
  readonly codec: { readonly stages: string };
  readonly driver: Pick<DriverConnection, 'produce'>;
  readonly options: { readonly maxRecordBytes: number; readonly maxQueuedBytes: number };
  readonly counters: Counters;
  /** By request topic; empty when nothing is dead-lettered. */
  readonly deadLetterTopics: ReadonlyMap<string, DeadLetterTopic>;
  readonly hooks: {
    /** Told of every one. */
    readonly onRefused: (refused: RefusedRecord) => void;
    readonly onDeadLetterLost: (error: RpcError) => void;
    readonly handlers: { readonly userCode: UserCode };
  };
}

/** What becomes of refused request records: told to this side and to their sender, and kept when so configured, before they are finished. */
export class RefusedRequests {
  private readonly letters: DeadLetters;
  private readonly notices: RefusalNotices;

  constructor(private readonly parts: RefusedRequestsParts) {
    const { id, codec, driver, options, counters, hooks } = parts;
    this.notices = new RefusalNotices({ id, driver, stages: codec.stages, counters });
    this.letters = new DeadLetters({
      connection: driver,
      maxWaitingBytes: options.maxQueuedBytes,
      counters,
      onLost: (error) => this.tell(() => hooks.onDeadLetterLost(error)),
    });
  }

  add(request: RefusedRequest, finish: () => void): void {
    const { refused, record } = request;
    this.notices.add(request);
    const to = this.placeOf(record);
    if (to === undefined) finish();
    else this.letters.write(deadLetterOf(record, refused, to), finish);
    this.tell(() => this.parts.hooks.onRefused(refused));
  }

  /** Resolves when all dead letters are written. */
  idle(): Promise<void> {
    return this.letters.idle();
  }

  /** Writes no more: records whose dead letters wait are read again. */
  close(): void {
    this.notices.close();
    this.letters.close();
  }

  /** Loggers and listeners hear of it behind all that others wait for. */
  private tell(tell: () => void): void {
    this.parts.hooks.handlers.userCode.run('listener', tell);
  }

  private placeOf({ topic, partition }: TopicPartition): TopicPartition | undefined {
    const to = this.parts.deadLetterTopics.get(topic);
    return to && { topic: to.topic, partition: partition % to.partitions };
  }
}
