import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';

const UINT32_LIMIT = 0x1_0000_0000;
const NO_BYTES = Buffer.alloc(0);

/** Reads what a `ByteWriter` wrote; never past the end, never more than was declared. */
export class ByteReader {
  private cursor = 0;
  private limit: number;
  /** Where the last string stood, and what it was. */
  private lastStart = 0;
  private lastLength = -1;
  private lastString = '';

  /** On the same bytes: V8 compiles it to single loads. */
  private readonly view: DataView;

  constructor(private readonly buffer: Buffer) {
    this.limit = buffer.length;
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }

  /** Goes on with the bytes from `start` to `end`, and no further: one reader serves all messages of a record. */
  window(start: number, end: number): void {
    this.cursor = start;
    this.limit = end;
  }

  get remaining(): number {
    return this.limit - this.cursor;
  }

  uint8(): number {
    return this.buffer[this.advance(1)] as number;
  }

  uint16(): number {
    return this.view.getUint16(this.advance(2));
  }

  uint32(): number {
    return this.view.getUint32(this.advance(4));
  }

  uint48(): number {
    return this.uint16() * UINT32_LIMIT + this.uint32();
  }

  uint64(): bigint {
    return this.view.getBigUint64(this.advance(8));
  }

  float64(): number {
    return this.view.getFloat64(this.advance(8));
  }

  /** A view, not a copy. */
  bytes(length: number): Buffer {
    if (length === 0) return NO_BYTES;
    const start = this.advance(length);
    return this.buffer.subarray(start, start + length);
  }

  /** Calls in a row mostly have the same pattern: what is the same as the last one is not made again. */
  string16(): string {
    const length = this.uint16();
    const start = this.advance(length);
    if (length !== this.lastLength || !this.isLastAt(start)) {
      this.lastString = this.buffer.toString('utf8', start, start + length);
      this.lastStart = start;
      this.lastLength = length;
    }
    return this.lastString;
  }

  bytes32(): Buffer {
    return this.bytes(this.uint32());
  }

  rest(): Buffer {
    return this.bytes(this.remaining);
  }

  end(what: string): void {
    if (this.remaining > 0) throw malformed(`${what} has ${this.remaining} bytes too many`);
  }

  private isLastAt(start: number): boolean {
    const { buffer, lastStart, lastLength } = this;
    for (let i = 0; i < lastLength; i++) {
      if (buffer[start + i] !== buffer[lastStart + i]) return false;
    }
    return true;
  }

  private advance(bytes: number): number {
    const start = this.cursor;
    if (bytes > this.limit - start) {
      throw malformed(`${bytes} bytes were announced where ${this.remaining} are left`);
    }
    this.cursor = start + bytes;
    return start;
  }
}

/** The error for bytes that are not this protocol's. */
export const malformed = (reason: string): RpcError =>
  new RpcError(RpcStatus.INVALID_ARGUMENT, `Malformed record: ${reason}.`);
