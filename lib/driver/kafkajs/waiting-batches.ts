import type { RpcError } from '../../errors/rpc-error.js';
import type { Acks } from '../driver.js';
import type { PendingBatch } from './pending-batch.js';
import { SequencedBatch } from './sequenced-batch.js';

/** Of several that were asked for; a topic that takes less is found out. */
const MAX_BATCH_BYTES = 1_000_000;

/** What was asked for and was not sent yet, in its order. */
export class WaitingBatches {
  private waiting: PendingBatch[] = [];
  private maxBatchBytes = MAX_BATCH_BYTES;

  /** Which acknowledgement the next one wants; undefined when there is none. */
  get nextAcks(): Acks | undefined {
    return this.waiting[0]?.options.acks;
  }

  add(pending: PendingBatch): void {
    this.waiting.push(pending);
  }

  /** Makes one batch of what may stand together. @returns undefined when nothing is left that is still wanted. */
  take(nowMs: number, reason: RpcError | undefined): SequencedBatch | undefined {
    const taken: PendingBatch[] = [];
    let bytes = 0;
    let count = 0;
    for (const pending of this.waiting) {
      pending.expire(nowMs, reason);
      if (!pending.isSettled) {
        if (taken[0] !== undefined && !this.fits(taken[0], pending, bytes)) break;
        taken.push(pending);
        bytes += pending.bytes;
      }
      count += 1;
    }
    this.waiting.splice(0, count);
    const [first, ...others] = taken;
    return first === undefined ? undefined : new SequencedBatch([first, ...others]);
  }

  /** So many bytes were too large for the broker, of several: fewer are taken together from now on. */
  wereTooMany(bytes: number): void {
    this.maxBatchBytes = Math.max(1, Math.floor(Math.min(bytes, this.maxBatchBytes) / 2));
  }

  delay(reason: RpcError): void {
    for (const pending of this.waiting) pending.delay(reason);
  }

  expire(nowMs: number, reason: RpcError | undefined): void {
    for (const pending of this.waiting) pending.expire(nowMs, reason);
    this.waiting = this.waiting.filter(({ isSettled }) => !isSettled);
  }

  fail(error: RpcError): void {
    for (const pending of this.waiting.splice(0)) pending.fail(error);
  }

  private fits(first: PendingBatch, next: PendingBatch, bytes: number): boolean {
    return next.options.acks === first.options.acks && bytes + next.bytes <= this.maxBatchBytes;
  }
}
