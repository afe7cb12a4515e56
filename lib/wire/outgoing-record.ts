import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { ByteWriter } from '../protocol/byte-writer.js';
import { encodeMessage, lowerTtl } from '../protocol/message-encoder.js';
import type { Message } from '../protocol/message.js';

/** A message, and the receiver of its outcome. */
export interface OutgoingMessage {
  readonly message: Message;
  readonly delivery?: Delivery;
}

/** Gets the outcome of a message. */
export interface Delivery {
  /**
   * When its sender stops waiting, in milliseconds on the clock of `performance.now()`. The message is retried until then, and
   * carries the time that is left. Without it only the limit of the outbox holds.
   */
  readonly dueAtMs?: number;
  /** Whether its sender has stopped waiting: then the message does not leave, and no method is called again. */
  readonly isOver?: boolean;
  /** Called once, before the message leaves this process. */
  leave?(): void;
  /**
   * Called if the broker finds the message too large for a record of its own.
   * @returns the message to send in its place; `delivered` is then not called. Or `undefined`: `delivered` gets the error.
   */
  replace?(error: RpcError): OutgoingMessage | undefined;
  /**
   * Called if the message could not be written.
   * @param frame the message in its frame
   * @returns whether it is on its way again: `delivered` is then not called for this attempt
   */
  elsewhere?(error: RpcError, frame: Buffer): boolean;
  /** Called once: without an error when the broker has acknowledged the record of the message. */
  delivered(error?: RpcError): void;
}

/** After a wait of this length the time left of each message is written anew. */
const UNNOTICED_MS = 2;

/** A frame list that waits to leave, with the receivers of its outcome. */
export class OutgoingRecord {
  private readonly writer: ByteWriter;
  /** The position at which each message starts. */
  private starts: number[] = [];
  private deliveries: (Delivery | undefined)[] = [];

  /**
   * @param isApart whether it holds only messages that a stage keeps apart
   * @param madeAtMs on the clock of `performance.now()`
   * @param expectedBytes the first size of its buffer
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
   * @returns whether it was appended. A record that is not empty may be full.
   * @throws RpcError `RESOURCE_EXHAUSTED`, not retryable, for a message that no record can hold.
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

  /** Removes messages that nobody waits for. @returns how many bytes were removed. */
  removeUnwanted(): number {
    const before = this.writer.length;
    for (let i = this.deliveries.length - 1; i >= 0; i--) if (this.deliveries[i]?.isOver) this.removeAt(i);
    return before - this.writer.length;
  }

  /**
   * @param isUnwanted called for one message after the other, with the number of bytes that stay before it
   * @returns how many bytes were removed
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
   * Removes messages that nobody waits for, tells the others that they leave, and writes the time left into each. Call it once,
   * before `finish()`.
   */
  leave(nowMs: number): void {
    const hasWaited = nowMs - this.madeAtMs > UNNOTICED_MS;
    for (let i = 0; i < this.deliveries.length; i++) {
      const delivery = this.deliveries[i];
      if (delivery === undefined) continue;
      if (delivery.isOver) {
        this.removeUnwanted();
        // The next message has moved to this index.
        i -= 1;
        continue;
      }
      delivery.leave?.();
      if (hasWaited && delivery.dueAtMs !== undefined)
        lowerTtl(this.writer, this.starts[i] as number, delivery.dueAtMs - nowMs);
    }
  }

  /** Returns the frame list. Nothing can be appended afterwards. */
  finish(): Buffer {
    return this.writer.finish();
  }

  /** When the last of its messages is no longer waited for. @param boundMs how long a message without a deadline is retried */
  dueAtMs(boundMs: number): number {
    let last = -Infinity;
    for (const delivery of this.deliveries) {
      const dueAtMs = delivery?.dueAtMs ?? this.madeAtMs + boundMs;
      if (dueAtMs > last) last = dueAtMs;
    }
    return last;
  }

  /** Splits a record that was too large: two records with half of the messages each. */
  halves(): readonly OutgoingRecord[] {
    const middle = Math.ceil(this.size / 2);
    return [this.slice(0, middle), this.slice(middle, this.size)];
  }

  /** The replacement of its only message, from the sender of the message. */
  replacement(error: RpcError): OutgoingMessage | undefined {
    return this.deliveries[0]?.replace?.(error);
  }

  settle(error?: RpcError): void {
    for (const [index, delivery] of this.deliveries.entries())
      if (error === undefined || delivery?.elsewhere?.(error, this.frame(index)) !== true)
        delivery?.delivered(error);
  }

  private frame(index: number): Buffer {
    const frames = this.writer.finish();
    return frames.subarray(this.starts[index], this.starts[index + 1] ?? frames.length);
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
