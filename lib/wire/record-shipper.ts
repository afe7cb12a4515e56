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
  /** On `performance.now()`'s clock. */
  readonly now: () => number;
  /** The queue has nothing in flight any more, or may send again. */
  readonly onFree: (queue: DestinationQueue) => void;
  /** The broker of this queue throttles. */
  readonly onThrottled: (queue: DestinationQueue, throttleMs: number) => void;
}

/** A caller ends its call by itself at its deadline: the broker's failure must not be told a moment before. */
const PAST_DEADLINE_MS = 1_000;

/** A record that left its queue, until its outcome is known. */
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

  /** What comes behind it in its queue waits; what goes elsewhere does not wait for it. */
  stepAside(): void {
    if (!this.hasHold) this.queue.holds += 1;
    this.hasHold = true;
    this.shipment?.settle(this.bytes);
    this.shipment = undefined;
  }

  /** The driver tries it again. */
  delay(reason: RpcError): void {
    this.wasDelayed = true;
    this.queue.delayedBy = reason;
    this.stepAside();
  }

  /** It is on the way of the others again. */
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

  /** Last, as it has others sent. */
  leaveShipment(): void {
    this.shipment?.settle(this.bytes);
    this.shipment = undefined;
  }
}

/** Records go through the stages to the driver, and each message hears what became of it. */
export class RecordShipper {
  constructor(private readonly parts: RecordShipperParts) {}

  /** The record was taken from its queue, and counts in the shipment with `bytes`. */
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

  /** @returns undefined when a stage failed: that is told. Never rejects. */
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
    // Of one that was tried again nobody knows which leader appended it.
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

  /** The broker finds the record too large: halves of it go in its place, down to the one message that is too large by itself. */
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
