import type { RefusedRecord } from '../diagnostics/channels.js';
import type { Counters } from '../diagnostics/counters.js';
import { reportRefusal } from '../diagnostics/refusal-report.js';
import type { ConsumerRecord, TopicPartition } from '../driver/record.js';
import type { RpcError } from '../errors/rpc-error.js';
import type { Envelope, StagedEnvelope } from '../protocol/envelope.js';
import { decodeFrameList } from '../protocol/frame-list.js';
import type { Message } from '../protocol/message.js';
import type { Codec } from './codec.js';
import { malformedMessages, refusedRecord } from './refusal.js';

/** Gets the outcome of each record that was read. Exactly one of `onMessages`, `onRefused` and `onForeign` is called for each. */
export interface ReceiverHandler<E extends StagedEnvelope, R extends ConsumerRecord = ConsumerRecord> {
  /**
   * Decides by the envelope alone.
   * @returns the envelope to read the record, `undefined` if the record is valid but for another process
   * @throws RpcError to refuse the record.
   */
  accept(envelope: Envelope, record: R): E | undefined;
  /**
   * Decides again, if something had to be learned first. Later records of the partition wait for the promise.
   * @throws RpcError to refuse the record.
   */
  lookAgain?(envelope: E): Promise<void> | undefined;
  /**
   * Gets the frame list after all stages were undone, before it is split into messages.
   * @returns the bytes to split: a copy, if messages are kept for long and would keep the whole fetch in memory
   */
  keep?(frames: Buffer, record: R): Buffer;
  /** @param malformed given if other messages of the record are unreadable: they are already counted and published */
  onMessages(messages: readonly Message[], envelope: E, record: R, malformed?: RefusedRecord): void;
  onForeign?(record: R): void;
  /** Whether a fault of the record is news, to be counted and published. @default it is */
  reports?(record: R): boolean;
  /** @param envelope given if it was accepted: the sender's own statement, without proof */
  onRefused?(record: R, refused: RefusedRecord, envelope: E | undefined): void;
}

/**
 * Turns records into messages, on both sides.
 *
 * A record with any fault (random bytes, foreign JSON, an unknown version, other stages) is counted, reported and skipped. Nothing
 * is thrown. Records of one partition keep their order, also with asynchronous stages.
 */
export class Receiver<E extends StagedEnvelope, R extends ConsumerRecord = ConsumerRecord> {
  /** For each partition, the last record on which an asynchronous stage still works. */
  private readonly pending = new Map<string, Promise<void>>();

  constructor(
    private readonly codec: Codec,
    private readonly counters: Counters,
    private readonly handler: ReceiverHandler<E, R>,
  ) {}

  /** Stops waiting for records of this partition in stages: another owner reads it now. */
  forget(partition: TopicPartition): void {
    this.pending.delete(nameOf(partition));
  }

  receive(record: R): void {
    let envelope: E | undefined;
    try {
      envelope = this.handler.accept(this.codec.readEnvelope(record), record);
      if (envelope === undefined) return this.handler.onForeign?.(record);
      this.open(record, envelope);
    } catch (error) {
      this.refuse(record, error, envelope);
    }
  }

  private open(record: R, envelope: E): void {
    const looking = this.handler.lookAgain?.(envelope);
    const frames =
      looking === undefined
        ? this.codec.decode(record, envelope)
        : looking.then(() => this.codec.decode(record, envelope));
    if (frames instanceof Promise || this.isBehindOther(record))
      return this.deferInOrder(record, envelope, frames);
    this.deliver(frames, envelope, record);
  }

  private isBehindOther(record: R): boolean {
    return this.pending.size > 0 && this.pending.has(nameOf(record));
  }

  private deferInOrder(record: R, envelope: E, frames: Buffer | Promise<Buffer>): void {
    const partition = nameOf(record);
    const previous = this.pending.get(partition) ?? Promise.resolve();
    const bytes = Promise.resolve(frames);
    // Observed at once: it can fail while a stage works on an earlier record.
    bytes.catch(() => undefined);
    const turn = previous
      .then(() => bytes)
      .then((decoded) => this.deliver(decoded, envelope, record))
      .catch((error: unknown) => this.refuse(record, error, envelope))
      .finally(() => {
        if (this.pending.get(partition) === turn) this.pending.delete(partition);
      });
    this.pending.set(partition, turn);
  }

  private deliver(decoded: Buffer, envelope: E, record: R): void {
    const errors: RpcError[] = [];
    const frames = this.handler.keep?.(decoded, record) ?? decoded;
    const messages = decodeFrameList(frames, (error) => errors.push(error));
    if (errors.length === 0) return this.handler.onMessages(messages, envelope, record);
    const malformed = malformedMessages(record, errors);
    if (this.handler.reports?.(record) !== false) {
      this.counters.add('messagesMalformed', errors.length);
      reportRefusal(this.counters, malformed);
    }
    this.handler.onMessages(messages, envelope, record, malformed);
  }

  private refuse(record: R, error: unknown, envelope: E | undefined): void {
    const refused = refusedRecord(record, error);
    if (this.handler.reports?.(record) !== false) reportRefusal(this.counters, refused);
    try {
      this.handler.onRefused?.(record, refused, envelope);
    } catch (failure) {
      // Later records must not suffer from this one.
      reportRefusal(this.counters, refusedRecord(record, failure));
    }
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;
