import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { ByteWriter } from '../protocol/byte-writer.js';
import { encodeMessage } from '../protocol/message-encoder.js';
import type { Message } from '../protocol/message.js';

/** Whoever wants to know what became of a message. */
export interface Delivery {
  /** Called once: without an error when the broker has acknowledged the record that carries the message. */
  settled(error?: RpcError): void;
}

/** A frame list that waits to leave, and who waits for it. */
export class OutgoingRecord {
  private readonly writer: ByteWriter;
  readonly deliveries: Delivery[] = [];

  /**
   * @param isApart whether it holds only what a stage keeps apart
   * @param expectedBytes what it will hold, as far as it can be guessed
   */
  constructor(
    readonly isApart = false,
    expectedBytes?: number,
  ) {
    this.writer = new ByteWriter(expectedBytes);
  }

  get bytes(): number {
    return this.writer.length;
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
    if (delivery !== undefined) this.deliveries.push(delivery);
    return true;
  }

  /** The frame list; nothing can be appended after. */
  finish(): Buffer {
    return this.writer.finish();
  }

  settle(error?: RpcError): void {
    for (const delivery of this.deliveries) delivery.settled(error);
  }
}

const tooLarge = (message: Message, bytes: number, maxBytes: number): RpcError =>
  new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    `A message of kind ${message.kind} has ${bytes} bytes, a record holds at most ${maxBytes}: send less, or raise ` +
      `maxRecordBytes here and max.message.bytes on the topic.`,
    { retryable: false, details: { bytes, maxBytes } },
  );
