import { Fifo } from '../wire/fifo.js';
import type { PartitionShare } from './partition-share.js';
import type { RequestRecord } from './request-record.js';

export interface RequestGateOptions {
  /** Calls that run or could run, at which nothing more is let in. */
  readonly maxCalls: number;
  /** What is in hand may take so many bytes, give or take one record. */
  readonly maxBytes: number;
  /** What a record on its way through asynchronous stages is taken for: an honest sender's has no more. */
  readonly openingBytes: number;
  /** How many calls run or could run. */
  readonly runnable: () => number;
  /** Takes the record through the wire stages. `opened` tells of it when it is through, well or not. */
  readonly open: (record: RequestRecord) => void;
  /** All reading stops, that of partitions that come later too. */
  readonly onFull: () => void;
  readonly onRoom: () => void;
}

/**
 * What a server takes in: the one bound of what it has in hand, in calls and in bytes.
 *
 * A record is let in before its stages are undone, so what it costs is not known yet: one after the other, each is counted
 * before the next is opened. Those that must wait do so as they came, each partition's in their order, and are not read on
 * meanwhile. Of the bytes, a partition may have as many as are left free beside it: one whose calls wait for each other stops
 * itself, and the others go on (docs/decisions/0011-one-gate-for-what-is-taken-in.md).
 *
 * Cost: a comparison or two per record, and per call that is done.
 */
export class RequestGate {
  /** Read, and not let in yet: as they came. No partition of which nothing waits. */
  private readonly waiting = new Map<PartitionShare, Fifo<RequestRecord>>();
  /** Those that are not read because they have their part. */
  private readonly paused = new Set<PartitionShare>();
  private heldBytes = 0;
  private opening = 0;
  private isFull = false;
  private isLettingIn = false;
  private isClosed = false;

  constructor(private readonly options: RequestGateOptions) {}

  /** Lets the record in, or has it wait. */
  take(record: RequestRecord): void {
    const { share } = record;
    if (this.waiting.has(share) || this.isClosed || !this.hasRoomFor(share)) this.wait(record);
    else this.open(record);
    this.checkReading(share);
  }

  /** The record is through the wire stages. @param bytes what it takes until `free` */
  opened({ share }: RequestRecord, bytes: number): void {
    if (share.isClosed) return;
    share.opening -= 1;
    this.opening -= 1;
    share.heldBytes += bytes;
    this.heldBytes += bytes;
  }

  /** What was counted of an opened record is in hand no more. */
  free(share: PartitionShare, bytes: number): void {
    if (share.isClosed) return;
    share.heldBytes -= bytes;
    this.heldBytes -= bytes;
    this.letIn();
  }

  /** Less is in hand: lets in what waits, and reads on. To be called when calls are done. */
  letIn(): void {
    // Asked behind every call, and nearly always in vain.
    if (this.waiting.size === 0 && this.paused.size === 0 && !this.isFull) return;
    if (this.isLettingIn || this.isClosed) return;
    this.isLettingIn = true;
    while (this.letInRound());
    this.isLettingIn = false;
    if (this.isFull) this.checkRoom();
    if (this.paused.size === 0 || this.isAtLimit()) return;
    for (const share of this.paused) this.checkRead(share);
  }

  /** Nothing is let in any more. */
  close(): void {
    this.isClosed = true;
  }

  /** The partition is lost: what waits of it is its next owner's, and what still runs of it is not counted any more. */
  forget(share: PartitionShare): void {
    share.close();
    this.opening -= share.opening;
    this.heldBytes -= share.heldBytes;
    this.waiting.delete(share);
    this.paused.delete(share);
    this.letIn();
  }

  /** One record of each partition, so that none waits for the backlog of another. @returns whether there was any. */
  private letInRound(): boolean {
    let isAny = false;
    for (const [share, records] of this.waiting) {
      if (this.isAtLimit()) return false;
      if (!this.hasRoomFor(share)) continue;
      const record = records.shift();
      if (records.length === 0) this.waiting.delete(share);
      if (record !== undefined) this.open(record);
      isAny = true;
    }
    return isAny;
  }

  private wait(record: RequestRecord): void {
    const { share } = record;
    const records = this.waiting.get(share) ?? new Fifo<RequestRecord>();
    this.waiting.set(share, records);
    records.push(record);
  }

  private open(record: RequestRecord): void {
    record.share.opening += 1;
    this.opening += 1;
    this.options.open(record);
  }

  private isAtLimit(): boolean {
    const { maxCalls, maxBytes, runnable } = this.options;
    return runnable() + this.opening >= maxCalls || this.bytesInHand() >= maxBytes;
  }

  private hasRoomFor(share: PartitionShare): boolean {
    return !share.isHeld && !this.isAtLimit() && this.hasPartLeft(share, 1);
  }

  /** Whether the partition has less than so much of what it may have. */
  private hasPartLeft({ heldBytes, opening }: PartitionShare, part: number): boolean {
    const { maxBytes, openingBytes } = this.options;
    return heldBytes + opening * openingBytes < part * (maxBytes - this.bytesInHand()) || this.isEmpty();
  }

  private isEmpty(): boolean {
    return this.heldBytes === 0 && this.opening === 0;
  }

  private bytesInHand(): number {
    return this.heldBytes + this.opening * this.options.openingBytes;
  }

  private checkReading(share: PartitionShare): void {
    if (!this.isFull && this.isAtLimit()) {
      this.isFull = true;
      this.options.onFull();
    }
    if (!this.waiting.has(share) && this.hasPartLeft(share, 1)) return;
    this.paused.add(share);
    share.pause();
  }

  private checkRead(share: PartitionShare): void {
    if (this.waiting.has(share) || !this.hasPartLeft(share, 1 / 2)) return;
    this.paused.delete(share);
    share.resume();
  }

  private checkRoom(): void {
    const { maxCalls, maxBytes, runnable } = this.options;
    if (runnable() + this.opening > maxCalls / 2 || this.bytesInHand() > maxBytes / 2) return;
    this.isFull = false;
    this.options.onRoom();
  }
}
