/**
 * Bits, the first being the highest of the first byte. What is written beyond the capacity is counted only: what would not fit
 * costs no memory.
 */
export class BitWriter {
  private readonly buffer: Buffer;
  private written = 0;

  /** @param capacity in bits */
  constructor(private readonly capacity: number) {
    this.buffer = Buffer.alloc((Math.max(0, capacity) + 8) >>> 3);
  }

  /** How many were written, or would have been. */
  get length(): number {
    return this.written;
  }

  get isWithin(): boolean {
    return this.written <= this.capacity;
  }

  /** @param count of bits, 32 at most */
  bits(value: number, count: number): void {
    if (this.written + count <= this.capacity) this.put(value, count);
    this.written += count;
  }

  /** A number of up to 48 bits. */
  uint48(value: number): void {
    this.bits(Math.floor(value / UINT32), 16);
    this.bits(value % UINT32, 32);
  }

  /** Exponential-Golomb of an order: small numbers take few bits, and none takes many more than it has. Below 2^47. */
  number(value: number, order: number): void {
    const shifted = value + 2 ** order;
    const length = bitLength(shifted);
    for (let zeros = length - 1 - order; zeros > 0; zeros -= 32) this.bits(0, Math.min(32, zeros));
    if (length > 32) this.bits(Math.floor(shifted / UINT32), length - 32);
    this.bits(shifted % UINT32, Math.min(32, length));
  }

  /** The first bits of what was written, closed with a one and filled up with zeros. @param length within the capacity */
  finish(length: number): Buffer {
    const bytes = Buffer.from(this.buffer.subarray(0, (length >>> 3) + 1));
    const last = length >>> 3;
    const kept = length & 7;
    bytes[last] = ((bytes[last] as number) & ~(0xff >>> kept)) | (0x80 >>> kept);
    return bytes;
  }

  private put(value: number, count: number): void {
    let at = this.written;
    for (let left = count; left > 0;) {
      const room = 8 - (at & 7);
      const taken = Math.min(room, left);
      const piece = (value >>> (left - taken)) & ((1 << taken) - 1);
      this.buffer[at >>> 3] = (this.buffer[at >>> 3] as number) | (piece << (room - taken));
      at += taken;
      left -= taken;
    }
  }
}

const UINT32 = 0x1_0000_0000;

/** Of a number from 1 to 2^53. */
export const bitLength = (value: number): number =>
  value < UINT32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / UINT32));
