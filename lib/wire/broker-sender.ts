import type { DestinationQueue, QueueSender } from './destination-queue.js';
import { LateMessages } from './late-messages.js';
import type { OutgoingRecord } from './outgoing-record.js';
import { Shipment } from './shipment.js';
import { Throttle } from './throttle.js';

/** Below this many bytes in flight, waiting records leave at once: waiting for more gains nothing. */
const FEW_BYTES = 4 * 1024;
/** This many bytes make an efficient record: it leaves although much is in flight. */
const FULL_BYTES = 64 * 1024;
/** The most bytes in one shipment. A throttling broker would otherwise get too much before it can answer. */
const MAX_SHIPMENT_BYTES = 512 * 1024;
/** The most unanswered produce requests to one broker. */
const MAX_SHIPMENTS = 5;

/**
 * Decides which records leave for one broker, and when. It decides by bytes, not by time.
 *
 * While little is in flight, all messages of one turn of the event loop leave at its end, so a single call never waits for an
 * answer. While much is in flight, messages are packed into records. A record leaves with the next answer, or when it is full.
 * So load makes records larger and not calls slower. Cost: no timer, unless the broker throttles.
 */
export class BrokerSender implements QueueSender {
  private ready: DestinationQueue[] = [];
  private waitingBytes = 0;
  private inFlightBytes = 0;
  private shipments = 0;
  private isPlanned = false;
  private isShipping = false;
  private readonly throttle: Throttle;

  constructor(
    private readonly ship: (queue: DestinationQueue, record: OutgoingRecord, shipment: Shipment) => void,
    private readonly now: () => number,
  ) {
    this.throttle = new Throttle(now);
  }

  mayGrow(recordBytes: number): boolean {
    return this.throttle.mayGrow(recordBytes);
  }

  get waitMs(): number {
    return this.throttle.waitMs(this.waitingBytes);
  }

  /** The broker asks for a pause of this length. */
  leaveAlone(throttleMs: number): LateMessages {
    const isNews = this.throttle.hear(throttleMs);
    // A closed client must not keep the process alive.
    setTimeout(() => this.run(), throttleMs + 1).unref();
    const late = new LateMessages((bytesAhead) => this.throttle.waitMs(bytesAhead), this.now());
    if (!isNews) return late;
    for (const queue of this.ready) queue.removeLate(late);
    this.recount();
    return late;
  }

  /** Messages were taken out because nobody waits for them any more. */
  recount(): void {
    this.waitingBytes = this.ready.reduce((sum, queue) => sum + queue.waitingBytes, 0);
  }

  /** The queue has grown by this many bytes, and may leave. */
  makeReady(queue: DestinationQueue, bytes: number): void {
    this.waitingBytes += bytes;
    if (!queue.isReady) {
      queue.isReady = true;
      this.ready.push(queue);
    }
    if (this.isPlanned || !this.maySend) return;
    this.isPlanned = true;
    // Not now: later messages of this turn of the event loop go into the same request.
    setImmediate(() => {
      this.isPlanned = false;
      this.run();
    });
  }

  /** A shipment that may leave now, whatever else is in flight. */
  openShipment(): Shipment {
    this.shipments += 1;
    return new Shipment(
      (bytes) => {
        this.inFlightBytes += bytes;
      },
      (bytes, isLast) => this.settled(bytes, isLast),
    );
  }

  private get maySend(): boolean {
    if (this.ready.length === 0 || this.throttle.isOn) return false;
    if (this.shipments === 0) return true;
    if (this.shipments >= MAX_SHIPMENTS) return false;
    if (this.inFlightBytes < FEW_BYTES) return true;
    return (
      this.waitingBytes >= FULL_BYTES && this.inFlightBytes < this.throttle.windowBytes(this.inFlightBytes)
    );
  }

  private run(): void {
    this.isShipping = true;
    while (this.maySend && this.shipAll());
    this.isShipping = false;
  }

  /** Takes waiting records up to the limit of one shipment, each queue in its order. @returns whether anything left. */
  private shipAll(): boolean {
    const queues = this.ready;
    const room = new Room(this.inFlightBytes, this.throttle.windowBytes(this.inFlightBytes));
    const shipment = this.openShipment();
    this.ready = [];
    shipment.add(0);
    for (const queue of queues) {
      for (let record = room.take(queue); record !== undefined; record = room.take(queue)) {
        shipment.add(record.bytes);
        this.ship(queue, record, shipment);
        // Messages that nobody waits for did not leave.
        room.taken += record.bytes;
      }
      this.putBack(queue);
    }
    if (room.taken > 0) this.throttle.count(room.taken);
    this.recount();
    shipment.settle(0);
    return !room.isFull || room.taken > 0;
  }

  private putBack(queue: DestinationQueue): void {
    queue.isReady = !queue.isEmpty && !queue.isHeld;
    if (queue.isReady) this.ready.push(queue);
  }

  private settled(bytes: number, isLast: boolean): void {
    this.inFlightBytes -= bytes;
    if (!isLast) return;
    this.shipments -= 1;
    if (!this.isPlanned && !this.isShipping) this.run();
  }
}

/** The room in one shipment. */
class Room {
  taken = 0;
  isFull = false;

  constructor(
    private readonly inFlightBytes: number,
    private readonly windowBytes: number,
  ) {}

  /** @returns undefined if nothing more may leave now: no record overtakes one that is too large for the room left. */
  take(queue: DestinationQueue): OutgoingRecord | undefined {
    if (queue.isHeld || queue.isEmpty) return undefined;
    this.isFull ||= !this.fits(queue.nextBytes);
    return this.isFull ? undefined : queue.take();
  }

  private fits(bytes: number): boolean {
    const inAll = this.inFlightBytes + this.taken;
    // A record larger than the whole room leaves when nothing else is in flight.
    if (inAll === 0) return true;
    if (this.taken > 0 && this.taken + bytes > MAX_SHIPMENT_BYTES) return false;
    return inAll + bytes <= this.windowBytes;
  }
}
