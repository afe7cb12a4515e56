import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';

const INITIAL_BYTES = 256;
/** So few are written one by one in less time than the call takes that copies them. */
const FEW_BYTES = 64;
const MAX_STRING_BYTES = 0xffff;
const UINT16_LIMIT = 0x1_0000;
const UINT32_LIMIT = 0x1_0000_0000;
const UINT32_BITS = 32n;
const UINT32_MASK = 0xffff_ffffn;

/** A growing buffer with a cursor; integers are big-endian. */
export class ByteWriter {
  private buffer: Buffer;
  /** On the same bytes: V8 compiles it to single stores, where Buffer's own methods are calls that write byte by byte. */
  private view: DataView;
  private cursor = 0;
  /** The last string written, and where it stands, with its length. */
  private lastString: string | undefined;
  private lastStart = 0;
  private lastEnd = 0;

  /** @param expectedBytes what will be written, as far as it can be guessed: growing copies */
  constructor(expectedBytes = INITIAL_BYTES) {
    this.buffer = Buffer.allocUnsafe(expectedBytes);
    this.view = viewOf(this.buffer);
  }

  get length(): number {
    return this.cursor;
  }

  uint8(value: number): void {
    this.reserve(1);
    this.buffer[this.cursor++] = value;
  }

  /** @throws RangeError for a number that it does not hold. */
  uint16(value: number): void {
    this.reserve(2);
    this.patchUint16(value, this.cursor);
    this.cursor += 2;
  }

  /** @throws RangeError for a number that it does not hold. */
  uint32(value: number): void {
    this.reserve(4);
    this.patchUint32(value, this.cursor);
    this.cursor += 4;
  }

  /** @throws RangeError for a number that it does not hold. */
  uint48(value: number): void {
    this.uint16(Math.floor(value / UINT32_LIMIT));
    this.uint32(value % UINT32_LIMIT);
  }

  /** @throws RangeError for a number that it does not hold. */
  uint64(value: bigint): void {
    this.uint32(Number(value >> UINT32_BITS));
    this.uint32(Number(value & UINT32_MASK));
  }

  float64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.cursor, value);
    this.cursor += 8;
  }

  /** The bytes alone, without their length. */
  bytes(value: Uint8Array): void {
    const { length } = value;
    this.reserve(length);
    if (length > FEW_BYTES) this.buffer.set(value, this.cursor);
    else for (let i = 0; i < length; i++) this.buffer[this.cursor + i] = value[i] as number;
    this.cursor += length;
  }

  /**
   * Length as uint16, then UTF-8. Calls in a row mostly have the same pattern: what is the same as the last one is copied.
   * @throws RpcError `INVALID_ARGUMENT` for a string that is longer than that.
   */
  string16(value: string): void {
    if (value === this.lastString) return this.repeatString();
    this.reserve(2 + value.length * 3);
    const length = this.buffer.write(value, this.cursor + 2);
    if (length > MAX_STRING_BYTES) throw stringTooLong(value, length);
    this.lastString = value;
    this.lastStart = this.cursor;
    this.patchUint16(length, this.cursor);
    this.cursor += 2 + length;
    this.lastEnd = this.cursor;
  }

  /** Length as uint32, then the bytes. */
  bytes32(value: Uint8Array): void {
    this.uint32(value.length);
    this.bytes(value);
  }

  /** Writes a uint16 over one that was written before. */
  patchUint16(value: number, at: number): void {
    if (!(value >= 0 && value < UINT16_LIMIT)) throw outOfRange('uint16', value);
    this.view.setUint16(at, value);
  }

  /** Writes a uint32 over one that was written before. */
  patchUint32(value: number, at: number): void {
    if (!(value >= 0 && value < UINT32_LIMIT)) throw outOfRange('uint32', value);
    this.view.setUint32(at, value);
  }

  /** Forgets all that was written after `length`. */
  truncate(length: number): void {
    this.cursor = length;
    if (length < this.lastEnd) this.lastString = undefined;
  }

  /** Takes out what stands between the two places. */
  cut(start: number, end: number): void {
    this.buffer.copyWithin(start, end, this.cursor);
    this.cursor -= end - start;
    this.lastString = undefined;
  }

  /** The uint32 that was written there. */
  uint32At(at: number): number {
    return this.view.getUint32(at);
  }

  /** The bytes written, without a copy: the writer must not be used after. */
  finish(): Buffer {
    return this.buffer.subarray(0, this.cursor);
  }

  private repeatString(): void {
    const { lastStart, lastEnd } = this;
    this.reserve(lastEnd - lastStart);
    for (let from = lastStart; from < lastEnd; from++) {
      this.buffer[this.cursor++] = this.buffer[from] as number;
    }
  }

  private reserve(bytes: number): void {
    const needed = this.cursor + bytes;
    if (needed <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.cursor);
    this.buffer = grown;
    this.view = viewOf(grown);
  }
}

const viewOf = ({ buffer, byteOffset, length }: Buffer): DataView => new DataView(buffer, byteOffset, length);

const outOfRange = (type: string, value: number): RangeError =>
  new RangeError(`A ${type} on the wire does not hold ${value}.`);

const stringTooLong = (value: string, bytes: number): RpcError =>
  new RpcError(
    RpcStatus.INVALID_ARGUMENT,
    `A pattern, header or message has at most ${MAX_STRING_BYTES} bytes, "${value.slice(0, 40)}…" has ${bytes}.`,
  );
