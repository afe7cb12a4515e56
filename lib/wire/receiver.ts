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

/** What becomes of a record that was read. Exactly one of `onMessages`, `onRefused` and `onForeign` is called for each. */
export interface ReceiverHandler<E extends StagedEnvelope, R extends ConsumerRecord = ConsumerRecord> {
  /**
   * Looks at the envelope alone.
   * @returns the envelope if the record is to be read, `undefined` if it is good but somebody else's
   * @throws RpcError to refuse it.
   */
  accept(envelope: Envelope, record: R): E | undefined;
  /**
   * Looks at the envelope once more where something has to be learned first; records of its partition wait for it.
   * @throws RpcError to refuse it.
   */
  lookAgain?(envelope: E): Promise<void> | undefined;
  /**
   * Told of the frame list before it is split, with nothing undone any more.
   * @returns what is split in its place: a copy, where messages are kept for long and would pin all that came with them
   */
  keep?(frames: Buffer, record: R): Buffer;
  /** @param malformed there if other messages of the record cannot be read: counted and published already */
  onMessages(messages: readonly Message[], envelope: E, record: R, malformed?: RefusedRecord): void;
  onForeign?(record: R): void;
  /** @param envelope there if it was accepted: what the sender says of itself, without proof */
  onRefused?(record: R, refused: RefusedRecord, envelope: E | undefined): void;
}

/**
 * Records become messages: the way in on both sides.
 *
 * Whatever is wrong with a record (random bytes, other people's JSON, an unknown version, other stages) is counted,
 * reported and skipped; nothing is thrown. Records of one partition are handed on in their order, also when a stage is
 * asynchronous.
 */
export class Receiver<E extends StagedEnvelope, R extends ConsumerRecord = ConsumerRecord> {
  /** The last record of a partition that an asynchronous stage still works on. */
  private readonly pending = new Map<string, Promise<void>>();

  constructor(
    private readonly codec: Codec,
    private readonly counters: Counters,
    private readonly handler: ReceiverHandler<E, R>,
  ) {}

  /** Records of this partition that are still worked on are not waited for any more: they are of an owner that is gone. */
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
    // Observed at once: it may fail while an earlier record is still being worked on.
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
    this.counters.add('messagesMalformed', errors.length);
    const malformed = malformedMessages(record, errors);
    reportRefusal(this.counters, malformed);
    this.handler.onMessages(messages, envelope, record, malformed);
  }

  private refuse(record: R, error: unknown, envelope: E | undefined): void {
    const refused = refusedRecord(record, error);
    reportRefusal(this.counters, refused);
    try {
      this.handler.onRefused?.(record, refused, envelope);
    } catch (failure) {
      // The records behind this one must not pay for it.
      reportRefusal(this.counters, refusedRecord(record, failure));
    }
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;
