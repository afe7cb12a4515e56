/** No number has more bits: what seems to is no number that was written. */
const MAX_BITS = 48;
const UINT32 = 0x1_0000_0000;

/** Reads what a `BitWriter` wrote. @throws RangeError for bits that are not there, or are no number. */
export class BitReader {
  private cursor = 0;
  private readonly limit: number;

  constructor(private readonly bytes: Buffer) {
    this.limit = lastOne(bytes);
  }

  get isAtEnd(): boolean {
    return this.cursor >= this.limit;
  }

  /** @param count of bits, 32 at most */
  bits(count: number): number {
    if (count > this.limit - this.cursor) throw new RangeError('There are not so many bits.');
    let value = 0;
    for (let left = count; left > 0;) {
      const room = 8 - (this.cursor & 7);
      const taken = Math.min(room, left);
      const byte = this.bytes[this.cursor >>> 3] as number;
      value = value * 2 ** taken + ((byte >>> (room - taken)) & ((1 << taken) - 1));
      this.cursor += taken;
      left -= taken;
    }
    return value;
  }

  uint48(): number {
    return this.bits(16) * UINT32 + this.bits(32);
  }

  /** An Exponential-Golomb number of an order. */
  number(order: number): number {
    let zeros = 0;
    while (this.bits(1) === 0) {
      zeros += 1;
      if (zeros + order >= MAX_BITS) throw new RangeError('There is no such number.');
    }
    const rest = zeros + order;
    const high = rest > 32 ? this.bits(rest - 32) : 0;
    return 2 ** rest + high * UINT32 + this.bits(Math.min(32, rest)) - 2 ** order;
  }
}

/** Where the bit stands that closes what was written. */
const lastOne = (bytes: Buffer): number => {
  for (let at = bytes.length - 1; at >= 0; at--) {
    const byte = bytes[at] as number;
    if (byte !== 0) return at * 8 + 7 - (31 - Math.clz32(byte & -byte));
  }
  return 0;
};
