import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';

const UINT32_LIMIT = 0x1_0000_0000;

/** Reads what a `ByteWriter` wrote; never past the end, never more than was declared. */
export class ByteReader {
  private cursor = 0;

  constructor(private readonly buffer: Buffer) {}

  get remaining(): number {
    return this.buffer.length - this.cursor;
  }

  uint8(): number {
    return this.buffer.readUInt8(this.advance(1));
  }

  uint16(): number {
    return this.buffer.readUInt16BE(this.advance(2));
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.advance(4));
  }

  uint48(): number {
    return this.uint16() * UINT32_LIMIT + this.uint32();
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.advance(8));
  }

  /** A view, not a copy. */
  bytes(length: number): Buffer {
    const start = this.advance(length);
    return this.buffer.subarray(start, start + length);
  }

  string16(): string {
    const length = this.uint16();
    const start = this.advance(length);
    return this.buffer.toString('utf8', start, start + length);
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

  private advance(bytes: number): number {
    const start = this.cursor;
    if (bytes > this.buffer.length - start) {
      throw malformed(`${bytes} bytes were announced where ${this.remaining} are left`);
    }
    this.cursor = start + bytes;
    return start;
  }
}

/** The error for bytes that are not this protocol's. */
export const malformed = (reason: string): RpcError =>
  new RpcError(RpcStatus.INVALID_ARGUMENT, `Malformed record: ${reason}.`);
