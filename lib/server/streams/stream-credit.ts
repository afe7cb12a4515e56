import { MAX_CREDIT, type Credit } from '../../protocol/stream-credit.js';

/** What a caller still takes of one stream. */
export class StreamCredit {
  /** Told when there is more. */
  onMore: (() => void) | undefined = undefined;
  private values: number;
  private bytes: number;
  private hasBegun = false;

  constructor({ values, bytes }: Credit) {
    this.values = Math.min(values, MAX_CREDIT.values);
    this.bytes = Math.min(bytes, MAX_CREDIT.bytes);
  }

  /** Whether so many values may leave, as far as can be said before their size is known. */
  has(values: number): boolean {
    return this.values >= values && this.bytes > 0;
  }

  spend(bytes: number): void {
    this.hasBegun = true;
    this.values -= 1;
    this.bytes -= bytes;
  }

  /** Before the first value has left, it takes the place of what there is. @returns false if some of it was cut off */
  add({ values, bytes }: Credit): boolean {
    const [valuesLeft, bytesLeft] = this.hasBegun ? [this.values, this.bytes] : [0, 0];
    this.values = Math.min(valuesLeft + values, MAX_CREDIT.values);
    this.bytes = Math.min(bytesLeft + bytes, MAX_CREDIT.bytes);
    this.onMore?.();
    return valuesLeft + values <= MAX_CREDIT.values && bytesLeft + bytes <= MAX_CREDIT.bytes;
  }
}
