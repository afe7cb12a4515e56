/** A broker's own quotas ask for seconds; it reads nothing from the connection meanwhile. */
const MAX_THROTTLE_MS = 60_000;

/** Kafka's primitive types, read from a response. A read past the end throws `RangeError`. */
export class ResponseReader {
  constructor(
    private readonly buffer: Buffer,
    private cursor = 0,
    private readonly end = buffer.length,
  ) {}

  get remaining(): number {
    return this.end - this.cursor;
  }

  int8(): number {
    return this.buffer.readInt8(this.advance(1));
  }

  int16(): number {
    return this.buffer.readInt16BE(this.advance(2));
  }

  int32(): number {
    return this.buffer.readInt32BE(this.advance(4));
  }

  int64(): bigint {
    return this.buffer.readBigInt64BE(this.advance(8));
  }

  /** For how long the broker wants to be left alone (KIP-219): a minute at most, whatever a turned bit makes of it. */
  throttleMs(): number {
    return Math.min(Math.max(this.int32(), 0), MAX_THROTTLE_MS);
  }

  string(): string {
    const length = this.int16();
    const start = this.advance(length);
    return this.buffer.toString('utf8', start, start + length);
  }

  /** NULLABLE_STRING. */
  nullableString(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.text(length);
  }

  /** UNSIGNED_VARINT. */
  unsignedVarint(): number {
    let value = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = this.buffer.readUInt8(this.advance(1));
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    return value >>> 0;
  }

  /** COMPACT_NULLABLE_STRING. */
  compactString(): string | null {
    const length = this.unsignedVarint() - 1;
    return length < 0 ? null : this.text(length);
  }

  /** UUID, in hexadecimal. */
  uuid(): string {
    const start = this.advance(16);
    return this.buffer.toString('hex', start, start + 16);
  }

  skipTaggedFields(): void {
    for (let count = this.unsignedVarint(); count > 0; count--) {
      this.unsignedVarint();
      this.skip(this.unsignedVarint());
    }
  }

  private text(length: number): string {
    const start = this.advance(length);
    return this.buffer.toString('utf8', start, start + length);
  }

  /** VARINT, zigzag. */
  varint(): number {
    const value = this.unsignedVarint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** VARLONG, zigzag: timestamps further apart than 2^53 ms do not occur. */
  varlong(): number {
    let value = 0n;
    let shift = 0n;
    let byte: number;
    do {
      byte = this.buffer.readUInt8(this.advance(1));
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
    } while (byte >= 0x80);
    return Number((value >> 1n) ^ -(value & 1n));
  }

  /** Length as VARINT, then a view of the bytes; null for length -1. */
  varintBytes(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    const start = this.advance(length);
    return this.buffer.subarray(start, start + length);
  }

  /** Length as VARINT, then UTF-8. */
  varintString(): string {
    const length = this.varint();
    const start = this.advance(length);
    return this.buffer.toString('utf8', start, start + length);
  }

  /** Goes on behind the next bytes. @returns a reader of those alone. */
  part(bytes: number): ResponseReader {
    const start = this.advance(bytes);
    return new ResponseReader(this.buffer, start, start + bytes);
  }

  /** A view of all that is left, which stays unread. */
  rest(): Buffer {
    return this.buffer.subarray(this.cursor, this.end);
  }

  skip(bytes: number): void {
    this.advance(bytes);
  }

  private advance(bytes: number): number {
    const start = this.cursor;
    if (bytes < 0 || bytes > this.end - start) {
      throw new RangeError(`${bytes} bytes were announced where ${this.end - start} are left.`);
    }
    this.cursor = start + bytes;
    return start;
  }
}
