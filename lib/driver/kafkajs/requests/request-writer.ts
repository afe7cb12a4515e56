/** Kafka's primitive types, written into one buffer that was made large enough. @see https://kafka.apache.org/protocol#protocol_types */
export class RequestWriter {
  private cursor = 0;
  private readonly buffer: Buffer;

  /** @param maxBytes at least what will be written */
  constructor(maxBytes: number) {
    this.buffer = Buffer.allocUnsafe(maxBytes);
  }

  get length(): number {
    return this.cursor;
  }

  int8(value: number): void {
    this.cursor = this.buffer.writeInt8(value, this.cursor);
  }

  int16(value: number): void {
    this.cursor = this.buffer.writeInt16BE(value, this.cursor);
  }

  int32(value: number): void {
    this.cursor = this.buffer.writeInt32BE(value, this.cursor);
  }

  int64(value: bigint): void {
    this.cursor = this.buffer.writeBigInt64BE(value, this.cursor);
  }

  /** STRING. */
  string(value: string): void {
    const length = this.buffer.write(value, this.cursor + 2);
    this.buffer.writeInt16BE(length, this.cursor);
    this.cursor += 2 + length;
  }

  /** UNSIGNED_VARINT: of compact types, the length and one. */
  unsignedVarint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[this.cursor++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.cursor++] = rest;
  }

  /** COMPACT_STRING. */
  compactString(value: string): void {
    this.unsignedVarint(Buffer.byteLength(value) + 1);
    this.cursor += this.buffer.write(value, this.cursor);
  }

  noTaggedFields(): void {
    this.buffer[this.cursor++] = 0;
  }

  bytes(value: Uint8Array): void {
    this.buffer.set(value, this.cursor);
    this.cursor += value.length;
  }

  /** VARINT, zigzag. */
  varint(value: number): void {
    let rest = (value << 1) ^ (value >> 31);
    while ((rest & ~0x7f) !== 0) {
      this.buffer[this.cursor++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.cursor++] = rest;
  }

  /** Length as VARINT, then the bytes; null is length -1. */
  varintBytes(value: Uint8Array | null): void {
    this.varint(value === null ? -1 : value.length);
    if (value !== null) this.bytes(value);
  }

  /** Writes an INT32 over one that was written before. */
  patchInt32(value: number, at: number): void {
    this.buffer.writeInt32BE(value | 0, at);
  }

  /** What was written, without a copy. */
  written(start = 0): Buffer {
    return this.buffer.subarray(start, this.cursor);
  }
}

/** The bytes of a VARINT. */
export const varintBytes = (value: number): number => {
  let rest = (value << 1) ^ (value >> 31);
  let bytes = 1;
  while ((rest & ~0x7f) !== 0) {
    bytes += 1;
    rest >>>= 7;
  }
  return bytes;
};

const UTF8_BYTES_PER_CHARACTER = 3;

/** No less than the text takes in UTF-8. */
export const maxTextBytes = (text: string): number => text.length * UTF8_BYTES_PER_CHARACTER;
