const SIZE_BYTES = 4;

/** Cuts a stream of bytes into the frames of Kafka's protocol, each with its size before it. */
export class KafkaFrames {
  private waiting: Buffer = Buffer.alloc(0);

  /** The frames that are complete with these bytes. The rest waits for more. */
  add(bytes: Buffer): Buffer[] {
    this.waiting = this.waiting.length === 0 ? bytes : Buffer.concat([this.waiting, bytes]);
    const frames: Buffer[] = [];
    for (let length = this.firstLength(); length !== undefined; length = this.firstLength()) {
      frames.push(this.waiting.subarray(0, length));
      this.waiting = this.waiting.subarray(length);
    }
    return frames;
  }

  private firstLength(): number | undefined {
    if (this.waiting.length < SIZE_BYTES) return undefined;
    const length = SIZE_BYTES + this.waiting.readInt32BE(0);
    return this.waiting.length < length ? undefined : length;
  }
}

/** The key of a request's API. */
export const apiKeyOf = (request: Buffer): number => request.readInt16BE(SIZE_BYTES);

/** What ties an answer to its request, in a request. */
export const correlationOfRequest = (request: Buffer): number => request.readInt32BE(SIZE_BYTES + 4);

/** The same in an answer. */
export const correlationOfAnswer = (answer: Buffer): number => answer.readInt32BE(SIZE_BYTES);
