import type { RpcError } from '../errors/rpc-error.js';
import type { Message } from '../protocol/message.js';
import type { LateMessages } from './late-messages.js';
import { OutgoingRecord, type Delivery } from './outgoing-record.js';
import type { Shipment } from './shipment.js';
import type { WireContext } from './wire-interceptor.js';

const MARGIN = 1.25;
const MAX_EXPECTED_BYTES = 64 * 1024;

/** From this size on, the cost of a record is mostly the cost of its bytes. */
const FILLED_BYTES = 64 * 1024;

/**
 * Where messages go: a partition, and the envelope of every record for it. Make it once and keep it: the outbox compares
 * destinations by identity.
 */
export type Destination = Readonly<Omit<WireContext, 'headers'>>;

/** Takes records from queues and sends them. */
export interface QueueSender {
  /** The queue has grown by this many bytes, and may leave. */
  makeReady(queue: DestinationQueue, bytes: number): void;
  /** A shipment that may leave now, whatever else is in flight. */
  openShipment(): Shipment;
  /** The broker asks for a pause of this length. @returns messages that would now leave too late: taken out, and not told yet */
  leaveAlone(throttleMs: number): LateMessages;
  /** Messages were taken out because nobody waits for them any more. */
  recount(): void;
  /** Whether a record of this many bytes may grow. */
  mayGrow(recordBytes: number): boolean;
  /** How many milliseconds a message that is sent now waits because the broker throttles: an estimate, 0 without throttling. */
  readonly waitMs: number;
}

/** The records that wait for one destination, oldest first. */
export class DestinationQueue {
  /** How many records were taken and are not settled. */
  inFlight = 0;
  /** How many of those must settle before the next one may leave: a stage still works on them, or the driver retries them. */
  holds = 0;
  /** Why the driver retries records in flight. `undefined` while it does not. */
  delayedBy: RpcError | undefined;
  /** Whether the sender of its broker has it on its list. */
  isReady = false;
  sender: QueueSender | undefined;
  private readonly waiting: OutgoingRecord[] = [];
  private expectedBytes: number | undefined;

  /** @param maxRecordBytes the largest frame list of one record */
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

  /** How many bytes wait in all. */
  get waitingBytes(): number {
    return this.waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The bytes of the record that leaves next; 0 without one. */
  get nextBytes(): number {
    return this.waiting[0]?.bytes ?? 0;
  }

  /** Whether exactly one record waits, and it is not large. */
  get isFilling(): boolean {
    return this.waiting.length === 1 && (this.waiting[0] as OutgoingRecord).bytes < FILLED_BYTES;
  }

  /** Appends a message. @returns by how many bytes the queue grew. */
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

  /** Removes messages that nobody waits for. @returns how many bytes were removed. */
  removeUnwanted(): number {
    return this.waiting.reduce((sum, record) => sum + record.removeUnwanted(), 0);
  }

  /** Removes messages that would leave too late. */
  removeLate(late: LateMessages): void {
    for (const record of this.waiting) late.takeFrom(record);
  }

  take(): OutgoingRecord | undefined {
    const record = this.waiting.shift();
    if (record === undefined) return undefined;
    this.inFlight += 1;
    // Under load records are alike: a buffer of this one's size spares the next one growing and copying.
    this.expectedBytes = Math.min(Math.ceil(record.bytes * MARGIN), MAX_EXPECTED_BYTES);
    return record;
  }
}
