import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { Delivery, OutgoingRecord } from './outgoing-record.js';

/** Finds messages that wait for a throttling broker and would leave after their deadline. */
export class LateMessages {
  /** How many bytes were removed. */
  bytes = 0;
  private bytesAhead = 0;
  private readonly found: { readonly delivery: Delivery; readonly error: RpcError }[] = [];

  /** @param waitMs how long a message waits behind this many bytes */
  constructor(
    private readonly waitMs: (bytesAhead: number) => number,
    private readonly nowMs: number,
  ) {}

  /** Call it with records in the order in which they leave: a removal lets the later ones leave earlier. */
  takeFrom(record: OutgoingRecord): void {
    this.bytes += record.removeUnwanted();
    this.bytes += record.remove((delivery, bytesBefore) => this.isLate(delivery, bytesBefore));
    this.bytesAhead += record.bytes;
  }

  /** Tells the senders of the removed messages. Call it last: they may send again at once. */
  tell(): void {
    for (const { delivery, error } of this.found) delivery.delivered(error);
  }

  private isLate(delivery: Delivery | undefined, bytesBefore: number): boolean {
    if (delivery?.dueAtMs === undefined) return false;
    const leftMs = delivery.dueAtMs - this.nowMs;
    const waitMs = this.waitMs(this.bytesAhead + bytesBefore);
    if (waitMs < leftMs) return false;
    this.found.push({ delivery, error: tooLate(waitMs, leftMs) });
    return true;
  }
}

/** The error of a call that would leave too late because the broker throttles this client. */
export const tooLate = (waitMs: number, leftMs: number): RpcError =>
  new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    `The broker throttles this client, whose quota is used up: the call would leave in about ${Math.ceil(waitMs)} ms, ` +
      `and has ${Math.max(0, Math.floor(leftMs))} ms left. Send less, or raise producer_byte_rate.`,
    { details: { waitMs: Math.ceil(waitMs) } },
  );
