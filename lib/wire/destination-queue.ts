import type { RpcError } from '../errors/rpc-error.js';
import type { Message } from '../protocol/message.js';
import type { LateMessages } from './late-messages.js';
import { OutgoingRecord, type Delivery } from './outgoing-record.js';
import type { Shipment } from './shipment.js';
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

/** Whoever takes records from queues. */
export interface QueueSender {
  /** The queue has so many bytes more, and may leave. */
  makeReady(queue: DestinationQueue, bytes: number): void;
  /** For what leaves now, whatever else is in flight. */
  openShipment(): Shipment;
  /** The broker wants to be left alone for so long. @returns what leaves too late by that: it is taken out, and not told yet */
  leaveAlone(throttleMs: number): LateMessages;
  /** Some of what waited is not wanted any more. */
  recount(): void;
  /** Whether a record of so many bytes may become larger. */
  mayGrow(recordBytes: number): boolean;
  /** For how long what is sent now waits because the broker throttles, as far as can be told; 0 where it does not. */
  readonly waitMs: number;
}

/** The records that wait for one destination, oldest first. */
export class DestinationQueue {
  /** Records taken and not yet settled. */
  inFlight = 0;
  /** How many of those must be over before the next one may leave: they are on their way through a stage, or tried again. */
  holds = 0;
  /** Why the driver tries again what is in flight; undefined while it does not. */
  delayedBy: RpcError | undefined;
  /** Whether its broker's sender has it on its list. */
  isReady = false;
  sender: QueueSender | undefined;
  private readonly waiting: OutgoingRecord[] = [];
  private expectedBytes: number | undefined;

  /** @param maxRecordBytes of each record */
  constructor(
    readonly to: Destination,
    private readonly maxRecordBytes: number,
    private readonly now: () => number,
  ) {}

  get isIdle(): boolean {
    return this.waiting.length === 0 && this.inFlight === 0;
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  get isHeld(): boolean {
    return this.holds > 0;
  }

  /** What waits in all. */
  get waitingBytes(): number {
    return this.waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Of the record that leaves next; 0 when there is none. */
  get nextBytes(): number {
    return this.waiting[0]?.bytes ?? 0;
  }

  /** Whether one record waits, and none of the large ones. */
  get isFilling(): boolean {
    return this.waiting.length === 1 && (this.waiting[0] as OutgoingRecord).bytes < FILLED_BYTES;
  }

  /** @returns by how many bytes the queue grew. */
  append(message: Message, delivery: Delivery | undefined, isApart: boolean): number {
    const last = this.waiting[this.waiting.length - 1];
    const before = last?.bytes ?? 0;
    if (
      last?.isApart === isApart &&
      this.isSmall(last) &&
      last.append(message, this.maxRecordBytes, delivery)
    )
      return last.bytes - before;
    const record = new OutgoingRecord(isApart, this.now(), this.expectedBytes);
    record.append(message, this.maxRecordBytes, delivery);
    this.waiting.push(record);
    return record.bytes;
  }

  private isSmall({ bytes }: OutgoingRecord): boolean {
    return this.sender === undefined || this.sender.mayGrow(bytes);
  }

  /** Takes out what nobody waits for any more. @returns how many bytes that were. */
  removeUnwanted(): number {
    return this.waiting.reduce((sum, record) => sum + record.removeUnwanted(), 0);
  }

  /** Takes out what would leave too late. */
  removeLate(late: LateMessages): void {
    for (const record of this.waiting) late.takeFrom(record);
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
