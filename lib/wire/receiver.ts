import type { RefusedRecord } from '../diagnostics/channels.js';
import type { Counters } from '../diagnostics/counters.js';
import { reportRefusal } from '../diagnostics/refusal-report.js';
import type { ConsumerRecord } from '../driver/record.js';
import type { RpcError } from '../errors/rpc-error.js';
import type { Envelope, StagedEnvelope } from '../protocol/envelope.js';
import { decodeFrameList } from '../protocol/frame-list.js';
import type { Message } from '../protocol/message.js';
import type { Codec } from './codec.js';
import { malformedMessages, refusedRecord } from './refusal.js';

/** What becomes of a record that was read. Exactly one of `onMessages`, `onRefused` and `onForeign` is called for each. */
export interface ReceiverHandler<E extends StagedEnvelope> {
  /**
   * Looks at the envelope alone.
   * @returns the envelope if the record is to be read, `undefined` if it is good but somebody else's
   * @throws RpcError to refuse it.
   */
  accept(envelope: Envelope, record: ConsumerRecord): E | undefined;
  /** @param malformed there if other messages of the record cannot be read: counted and published already */
  onMessages(
    messages: readonly Message[],
    envelope: E,
    record: ConsumerRecord,
    malformed?: RefusedRecord,
  ): void;
  onForeign?(record: ConsumerRecord): void;
  /** @param envelope there if it was accepted: what the sender says of itself, without proof */
  onRefused?(record: ConsumerRecord, refused: RefusedRecord, envelope: E | undefined): void;
}

/**
 * Records become messages: the way in on both sides.
 *
 * Whatever is wrong with a record (random bytes, other people's JSON, an unknown version, other stages) is counted,
 * reported and skipped; nothing is thrown. Records of one partition are handed on in their order, also when a stage is
 * asynchronous.
 */
export class Receiver<E extends StagedEnvelope> {
  /** The last record of a partition that an asynchronous stage still works on. */
  private readonly pending = new Map<string, Promise<void>>();

  constructor(
    private readonly codec: Codec,
    private readonly counters: Counters,
    private readonly handler: ReceiverHandler<E>,
  ) {}

  receive(record: ConsumerRecord): void {
    let envelope: E | undefined;
    try {
      envelope = this.handler.accept(this.codec.readEnvelope(record), record);
      if (envelope === undefined) return this.handler.onForeign?.(record);
      this.open(record, envelope);
    } catch (error) {
      this.refuse(record, error, envelope);
    }
  }

  private open(record: ConsumerRecord, envelope: E): void {
    const frames = this.codec.decode(record, envelope);
    if (frames instanceof Promise || this.pending.size > 0)
      return this.deferInOrder(record, envelope, frames);
    this.deliver(frames, envelope, record);
  }

  private deferInOrder(record: ConsumerRecord, envelope: E, frames: Buffer | Promise<Buffer>): void {
    const partition = `${record.topic}:${record.partition}`;
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

  private deliver(frames: Buffer, envelope: E, record: ConsumerRecord): void {
    const errors: RpcError[] = [];
    const messages = decodeFrameList(frames, (error) => errors.push(error));
    if (errors.length === 0) return this.handler.onMessages(messages, envelope, record);
    this.counters.add('messagesMalformed', errors.length);
    const malformed = malformedMessages(record, errors);
    reportRefusal(this.counters, malformed);
    this.handler.onMessages(messages, envelope, record, malformed);
  }

  private refuse(record: ConsumerRecord, error: unknown, envelope: E | undefined): void {
    const refused = refusedRecord(record, error);
    reportRefusal(this.counters, refused);
    this.handler.onRefused?.(record, refused, envelope);
  }
}
