import type { Acks, BatchPlace, DriverConnection, ProduceAck, ProduceOptions } from '../driver/driver.js';
import { RpcError } from '../errors/rpc-error.js';
import type { BrokerClock } from './broker-clock.js';
import type { Codec, EncodedRecord } from './codec.js';
import type { DestinationQueue } from './destination-queue.js';
import { OutgoingRecord } from './outgoing-record.js';
import type { Shipment } from './shipment.js';

export interface RecordShipperParts {
  readonly connection: Pick<DriverConnection, 'produce' | 'leaderOf'>;
  readonly codec: Codec;
  readonly clock: BrokerClock;
  readonly acks: Acks;
  readonly maxRecordBytes: number;
  readonly deliveryTimeoutMs: number;
  /** The time in milliseconds, on the clock of `performance.now()`. */
  readonly now: () => number;
  /** Called when the queue has nothing in flight, or may send again. */
  readonly onFree: (queue: DestinationQueue) => void;
  /** Called when the broker of this queue throttles this client. */
  readonly onThrottled: (queue: DestinationQueue, throttleMs: number) => void;
}

/** A caller ends its call at its deadline by itself. A failure of the broker must not arrive a moment before. */
const PAST_DEADLINE_MS = 1_000;

/** A record between its queue and its outcome. */
class Parcel {
  private hasHold = false;
  isSplit = false;
  wasDelayed = false;

  constructor(
    readonly queue: DestinationQueue,
    readonly record: OutgoingRecord,
    private shipment: Shipment | undefined,
    private readonly bytes: number,
  ) {}

  /** Later records of its queue wait for it, records of other queues do not. */
  stepAside(): void {
    if (!this.hasHold) this.queue.holds += 1;
    this.hasHold = true;
    this.shipment?.settle(this.bytes);
    this.shipment = undefined;
  }

  /** The driver retries the record. */
  delay(reason: RpcError): void {
    this.wasDelayed = true;
    this.queue.delayedBy = reason;
    this.stepAside();
  }

  /** The record is part of the normal flow again. */
  stepBack(shipment: Shipment | undefined): void {
    if (this.hasHold) this.queue.holds -= 1;
    this.hasHold = false;
    shipment?.add(this.bytes);
    this.shipment = shipment;
  }

  end(): void {
    if (this.hasHold) this.queue.holds -= 1;
    if (!this.queue.isHeld) this.queue.delayedBy = undefined;
    this.hasHold = false;
    this.queue.inFlight -= 1;
  }

  /** Call it last: it makes other records leave. */
  leaveShipment(): void {
    this.shipment?.settle(this.bytes);
    this.shipment = undefined;
  }
}

/** Sends records through the stages to the driver, and gives each message its outcome. */
export class RecordShipper {
  constructor(private readonly parts: RecordShipperParts) {}

  /** Sends a record that was taken from its queue. It counts in the shipment with its bytes. */
  ship(queue: DestinationQueue, record: OutgoingRecord, shipment: Shipment): void {
    const parcel = new Parcel(queue, record, shipment, record.bytes);
    record.leave(this.parts.now());
    if (record.size === 0) return this.end(parcel);
    const encoded = this.encode(parcel);
    if (!(encoded instanceof Promise)) return this.produce(parcel, encoded, this.parts.connection);
    parcel.stepAside();
    void encoded.then((done) => {
      parcel.stepBack(queue.sender?.openShipment());
      this.produce(parcel, done, this.parts.connection);
      this.parts.onFree(queue);
    });
  }

  /** @returns undefined if a stage failed: its messages then have the error. Never rejects. */
  private encode(parcel: Parcel): EncodedRecord | undefined | Promise<EncodedRecord | undefined> {
    const { queue, record } = parcel;
    const refuse = (error: unknown): undefined => {
      record.settle(RpcError.from(error));
    };
    try {
      const target = record.isApart ? { ...queue.to, isApart: true } : queue.to;
      const encoded = this.parts.codec.encode(record.finish(), target);
      return encoded instanceof Promise ? encoded.catch(refuse) : encoded;
    } catch (error) {
      return refuse(error);
    }
  }

  private produce(parcel: Parcel, encoded: EncodedRecord | undefined, place: BatchPlace): void {
    if (encoded === undefined) return this.end(parcel);
    const sentAtMs = this.parts.clock.local();
    this.begin(parcel, encoded, place).then(
      (ack) => this.acknowledged(parcel, ack, sentAtMs),
      (error: unknown) => this.failed(parcel, error),
    );
  }

  private begin(parcel: Parcel, { value, headers }: EncodedRecord, place: BatchPlace): Promise<ProduceAck> {
    const { topic, partition } = parcel.queue.to;
    try {
      return place.produce([{ topic, partition, key: null, value, headers }], this.optionsOf(parcel));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  private optionsOf(parcel: Parcel): ProduceOptions {
    const dueInMs = parcel.record.dueAtMs(this.parts.deliveryTimeoutMs) - this.parts.now();
    return {
      acks: this.parts.acks,
      timeoutMs: Math.max(0, dueInMs) + PAST_DEADLINE_MS,
      onDelayed: (reason) => parcel.delay(reason),
      onTooLarge: (instead, error) => this.split(parcel, instead, error),
    };
  }

  private acknowledged(parcel: Parcel, ack: ProduceAck, sentAtMs: number): void {
    const { clock, connection } = this.parts;
    // After a retry nobody knows which leader appended the record.
    if (!parcel.wasDelayed)
      clock.observe(sentAtMs, clock.local(), ack.appendTimeMs, connection.leaderOf(ack));
    if (ack.throttleMs !== undefined && ack.throttleMs > 0)
      this.parts.onThrottled(parcel.queue, ack.throttleMs);
    this.settle(parcel);
  }

  private failed(parcel: Parcel, error: unknown): void {
    if (parcel.isSplit) this.end(parcel);
    else this.settle(parcel, RpcError.from(error));
  }

  private settle(parcel: Parcel, error?: RpcError): void {
    try {
      parcel.record.settle(error);
    } finally {
      this.end(parcel);
    }
  }

  private end(parcel: Parcel): void {
    parcel.end();
    this.parts.onFree(parcel.queue);
    parcel.leaveShipment();
  }

  /** The broker finds the record too large: it is split in halves, down to the single message that is too large. */
  private async split(parcel: Parcel, instead: BatchPlace, error: RpcError): Promise<void> {
    const { queue, record } = parcel;
    const parts = record.size > 1 ? record.halves() : this.replacementOf(record, error);
    parcel.isSplit = parts.length > 0;
    for (const part of parts) {
      const piece = new Parcel(queue, part, undefined, 0);
      queue.inFlight += 1;
      const encoded = await this.encode(piece);
      this.produce(piece, encoded, instead);
    }
  }

  private replacementOf(record: OutgoingRecord, error: RpcError): readonly OutgoingRecord[] {
    const replacement = record.replacement(error);
    if (replacement === undefined) return [];
    const instead = new OutgoingRecord(record.isApart, this.parts.now());
    instead.append(replacement.message, this.parts.maxRecordBytes, replacement.delivery);
    return [instead];
  }
}
