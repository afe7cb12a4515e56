import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { ByteWriter } from '../protocol/byte-writer.js';
import { encodeMessage, lowerTtl } from '../protocol/message-encoder.js';
import type { Message } from '../protocol/message.js';

/** A message, and whoever wants to know what becomes of it. */
export interface OutgoingMessage {
  readonly message: Message;
  readonly delivery?: Delivery;
}

/** Whoever wants to know what became of a message. */
export interface Delivery {
  /**
   * When nobody waits for it any more, in milliseconds on `performance.now()`'s clock: until then it is tried, and what is left
   * goes with it as its time to live. Left out where only the outbox's own bound holds.
   */
  readonly dueAtMs?: number;
  /** Whether nobody waits for it any more: then it does not leave, and nothing is heard of it again. */
  readonly isOver?: boolean;
  /** Called once, before the message leaves this process. */
  leave?(): void;
  /**
   * Called when the broker finds the message too large for a record of its own.
   * @returns what goes in its place, in its order; `delivered` is then not called. Nothing: it is, with the error.
   */
  replace?(error: RpcError): OutgoingMessage | undefined;
  /** Called once: without an error when the broker has acknowledged the record that carries the message. */
  delivered(error?: RpcError): void;
}

/** So long a record has waited before its messages are told that their time has become less. */
const UNNOTICED_MS = 2;

/** A frame list that waits to leave, and who waits for it. */
export class OutgoingRecord {
  private readonly writer: ByteWriter;
  /** Where each message begins. */
  private starts: number[] = [];
  private deliveries: (Delivery | undefined)[] = [];

  /**
   * @param isApart whether it holds only what a stage keeps apart
   * @param madeAtMs on `performance.now()`'s clock
   * @param expectedBytes what it will hold, as far as it can be guessed
   */
  constructor(
    readonly isApart: boolean,
    private readonly madeAtMs: number,
    expectedBytes?: number,
  ) {
    this.writer = new ByteWriter(expectedBytes);
  }

  get bytes(): number {
    return this.writer.length;
  }

  /** How many messages it holds. */
  get size(): number {
    return this.starts.length;
  }

  /**
   * Appends the message if the record stays within `maxBytes`.
   * @returns whether it was appended: a record that is not empty may be full.
   * @throws RpcError `RESOURCE_EXHAUSTED` for a message that no record can hold.
   */
  append(message: Message, maxBytes: number, delivery?: Delivery): boolean {
    const start = this.writer.length;
    try {
      encodeMessage(this.writer, message);
    } catch (error) {
      this.writer.truncate(start);
      throw error;
    }
    const messageBytes = this.writer.length - start;
    if (this.writer.length > maxBytes) {
      this.writer.truncate(start);
      if (messageBytes > maxBytes) throw tooLarge(message, messageBytes, maxBytes);
      return false;
    }
    this.starts.push(start);
    this.deliveries.push(delivery);
    return true;
  }

  /** Takes out what nobody waits for any more. @returns how many bytes that were. */
  removeUnwanted(): number {
    const before = this.writer.length;
    for (let i = this.deliveries.length - 1; i >= 0; i--) if (this.deliveries[i]?.isOver) this.removeAt(i);
    return before - this.writer.length;
  }

  /**
   * @param isUnwanted asked of one message after the other, with how many bytes of those before it stay
   * @returns how many bytes were taken out
   */
  remove(isUnwanted: (delivery: Delivery | undefined, bytesBefore: number) => boolean): number {
    const before = this.writer.length;
    let removed = 0;
    const unwanted = this.deliveries.flatMap((delivery, i) => {
      const start = this.starts[i] as number;
      if (!isUnwanted(delivery, start - removed)) return [];
      removed += (this.starts[i + 1] ?? before) - start;
      return [i];
    });
    for (const i of unwanted.reverse()) this.removeAt(i);
    return removed;
  }

  /**
   * Takes out what nobody waits for any more; tells all others that they leave, and writes how long somebody still waits for
   * them. Called once, before `finish()`.
   */
  leave(nowMs: number): void {
    const hasWaited = nowMs - this.madeAtMs > UNNOTICED_MS;
    for (let i = 0; i < this.deliveries.length; i++) {
      const delivery = this.deliveries[i];
      if (delivery === undefined) continue;
      if (delivery.isOver) {
        this.removeUnwanted();
        // Another stands here now.
        i -= 1;
        continue;
      }
      delivery.leave?.();
      if (hasWaited && delivery.dueAtMs !== undefined)
        lowerTtl(this.writer, this.starts[i] as number, delivery.dueAtMs - nowMs);
    }
  }

  /** The frame list; nothing can be appended after. */
  finish(): Buffer {
    return this.writer.finish();
  }

  /** When the last of its messages is of no more use. @param boundMs how long one is of use that has no such time */
  dueAtMs(boundMs: number): number {
    let last = -Infinity;
    for (const delivery of this.deliveries) {
      const dueAtMs = delivery?.dueAtMs ?? this.madeAtMs + boundMs;
      if (dueAtMs > last) last = dueAtMs;
    }
    return last;
  }

  /** Two records of half of its messages each, for one that was too large. */
  halves(): readonly OutgoingRecord[] {
    const middle = Math.ceil(this.size / 2);
    return [this.slice(0, middle), this.slice(middle, this.size)];
  }

  /** What its only message is to be replaced by, as whoever sent it wants it. */
  replacement(error: RpcError): OutgoingMessage | undefined {
    return this.deliveries[0]?.replace?.(error);
  }

  settle(error?: RpcError): void {
    for (const delivery of this.deliveries) delivery?.delivered(error);
  }

  private slice(from: number, to: number): OutgoingRecord {
    const [start, end] = [this.starts[from] as number, this.starts[to] ?? this.writer.length];
    const part = new OutgoingRecord(this.isApart, this.madeAtMs, end - start);
    part.writer.bytes(this.writer.finish().subarray(start, end));
    part.starts = this.starts.slice(from, to).map((each) => each - start);
    part.deliveries = this.deliveries.slice(from, to);
    return part;
  }

  private removeAt(index: number): void {
    const start = this.starts[index] as number;
    const bytes = (this.starts[index + 1] ?? this.writer.length) - start;
    this.writer.cut(start, start + bytes);
    this.starts.splice(index, 1);
    this.deliveries.splice(index, 1);
    for (let i = index; i < this.starts.length; i++) this.starts[i] = (this.starts[i] as number) - bytes;
  }
}

/** What a user calls the messages that carry data. */
const NOUNS: Readonly<Partial<Record<Message['kind'], string>>> = {
  request: 'request',
  event: 'event',
  deferred: 'event',
  next: 'value',
  complete: 'reply',
  error: 'error',
};

const tooLarge = ({ kind }: Message, bytes: number, maxBytes: number): RpcError =>
  new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    `The ${NOUNS[kind] ?? 'message'} has ${bytes} bytes, and a record holds at most ${maxBytes}: send less, or raise ` +
      `maxRecordBytes on both sides and max.message.bytes of the topics.`,
    { retryable: false, details: { bytes, maxBytes } },
  );
