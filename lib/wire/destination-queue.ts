import type { Message } from '../protocol/message.js';
import { OutgoingRecord, type Delivery } from './outgoing-record.js';
import type { WireContext } from './wire-interceptor.js';

const MARGIN = 1.25;
const MAX_EXPECTED_BYTES = 64 * 1024;

/** From here on what a record costs is mostly what its bytes cost. */
const FILLED_BYTES = 64 * 1024;

/**
 * Where messages go: a partition, and the envelope that stands on every record sent there. Made once and kept: the outbox
 * tells destinations apart by identity.
 */
export type Destination = Readonly<Omit<WireContext, 'headers'>>;

/** The records that wait for one destination, oldest first. */
export class DestinationQueue {
  /** Records taken and not yet settled. */
  inFlight = 0;
  /** Whether the lane has this queue on its list. */
  isReady = false;
  private readonly waiting: OutgoingRecord[] = [];
  private expectedBytes: number | undefined;

  constructor(readonly to: Destination) {}

  get isIdle(): boolean {
    return this.waiting.length === 0 && this.inFlight === 0;
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** The size of the next record to leave. */
  get headBytes(): number {
    return this.waiting[0]?.bytes ?? 0;
  }

  /** Whether one record waits, and none of the large ones. */
  get isFilling(): boolean {
    return this.waiting.length === 1 && this.headBytes < FILLED_BYTES;
  }

  /** @returns by how many bytes the queue grew. */
  append(message: Message, maxBytes: number, delivery?: Delivery, isApart = false): number {
    const last = this.waiting[this.waiting.length - 1];
    const before = last?.bytes ?? 0;
    if (last?.isApart === isApart && last.append(message, maxBytes, delivery)) return last.bytes - before;
    const record = new OutgoingRecord(isApart, this.expectedBytes);
    record.append(message, maxBytes, delivery);
    this.waiting.push(record);
    return record.bytes;
  }

  take(): OutgoingRecord | undefined {
    const record = this.waiting.shift();
    if (record === undefined) return undefined;
    this.inFlight += 1;
    // Under load records are much alike: the next one gets a buffer of this one's size, and need not grow and copy.
    this.expectedBytes = Math.min(Math.ceil(record.bytes * MARGIN), MAX_EXPECTED_BYTES);
    return record;
  }
}

/** A record that left its queue. */
export interface TakenRecord {
  readonly queue: DestinationQueue;
  readonly record: OutgoingRecord;
}
