import type { DestinationQueue, QueueSender } from './destination-queue.js';
import { LateMessages } from './late-messages.js';
import type { OutgoingRecord } from './outgoing-record.js';
import { Shipment } from './shipment.js';
import { Throttle } from './throttle.js';

/** With less than this in flight, what waits leaves at once: nothing is gained by waiting for more. */
const FEW_BYTES = 4 * 1024;
/** So much makes good records: it leaves although much is in flight. */
const FULL_BYTES = 64 * 1024;
/** Of what leaves in one go. Beyond it a broker that throttles would be told too much before it can say so. */
const MAX_SHIPMENT_BYTES = 512 * 1024;
/** As many produce requests as a broker is sent without an answer. */
const MAX_SHIPMENTS = 5;

/**
 * What leaves for one broker, and when: by bytes, not by time.
 *
 * While little is in flight, all that was sent in this turn of the event loop leaves at its end: a single call waits for
 * nobody's answer. While much is, what is sent is packed, and leaves with the answer, or when it fills a record. So load makes
 * records larger, not calls slower, and no timer is involved.
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

  /** The broker wants to be left alone for so long. */
  leaveAlone(throttleMs: number): LateMessages {
    const isNews = this.throttle.hear(throttleMs);
    // A client that is closed meanwhile keeps no process from ending.
    setTimeout(() => this.run(), throttleMs + 1).unref();
    const late = new LateMessages((bytesAhead) => this.throttle.waitMs(bytesAhead), this.now());
    if (!isNews) return late;
    for (const queue of this.ready) queue.removeLate(late);
    this.recount();
    return late;
  }

  /** Some of what waited is not wanted any more. */
  recount(): void {
    this.waitingBytes = this.ready.reduce((sum, queue) => sum + queue.waitingBytes, 0);
  }

  /** The queue has so many bytes more, and may leave. */
  makeReady(queue: DestinationQueue, bytes: number): void {
    this.waitingBytes += bytes;
    if (!queue.isReady) {
      queue.isReady = true;
      this.ready.push(queue);
    }
    if (this.isPlanned || !this.maySend) return;
    this.isPlanned = true;
    // Not now: what else is sent in this turn of the event loop goes into the same request.
    setImmediate(() => {
      this.isPlanned = false;
      this.run();
    });
  }

  /** For what leaves now, whatever else is in flight. */
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

  /** Takes what waits, as long as it is not too much for once; each queue in its order. @returns whether anything left. */
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
        // Without what nobody waits for any more: that did not leave.
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

/** What one shipment may take. */
class Room {
  taken = 0;
  isFull = false;

  constructor(
    private readonly inFlightBytes: number,
    private readonly windowBytes: number,
  ) {}

  /** @returns undefined when nothing more may leave now: nothing overtakes a record that is too large for what is left. */
  take(queue: DestinationQueue): OutgoingRecord | undefined {
    if (queue.isHeld || queue.isEmpty) return undefined;
    this.isFull ||= !this.fits(queue.nextBytes);
    return this.isFull ? undefined : queue.take();
  }

  private fits(bytes: number): boolean {
    const inAll = this.inFlightBytes + this.taken;
    // One that is larger than all that may leave does so when nothing else is on its way.
    if (inAll === 0) return true;
    if (this.taken > 0 && this.taken + bytes > MAX_SHIPMENT_BYTES) return false;
    return inAll + bytes <= this.windowBytes;
  }
}
