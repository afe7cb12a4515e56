import type { Acks, DriverConnection } from '../driver/driver.js';
import type { ProducerRecord } from '../driver/record.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { Message } from '../protocol/message.js';
import type { BrokerClock } from './broker-clock.js';
import type { Codec, EncodedRecord } from './codec.js';
import { DestinationQueue, type Destination, type TakenRecord } from './destination-queue.js';
import { Lane } from './lane.js';
import type { Delivery, OutgoingRecord } from './outgoing-record.js';

export interface OutboxOptions {
  readonly acks: Acks;
  /** The largest frame list. */
  readonly maxRecordBytes: number;
  /** What may wait for the broker in all. */
  readonly maxQueuedBytes: number;
}

/**
 * Messages become records and leave.
 *
 *     send(message) → queue of its destination → lane of the broker → one produce request → delivery.settled()
 *
 * With nothing in flight to a broker, what was sent in this turn of the event loop leaves at its end. With a request in
 * flight, all that arrives meanwhile is packed and leaves when the answer is there. So load makes records larger, not calls
 * slower, and no timer is involved. Messages for the same destination arrive in the order sent.
 */
export class Outbox {
  private readonly lanes = new Map<number | undefined, Lane>();
  private readonly routes = new Map<Destination, Route>();
  private queuedBytes = 0;
  private idleWaiters: (() => void)[] = [];

  constructor(
    private readonly connection: Pick<DriverConnection, 'produce' | 'leaderOf'>,
    private readonly codec: Codec,
    private readonly clock: BrokerClock,
    private readonly options: OutboxOptions,
  ) {}

  /**
   * Takes a message. Returns at once; `delivery` hears what became of it.
   * @param isApart whether it shares no record with others that are not: `codec.keepsApart` says of which calls
   * @throws RpcError `RESOURCE_EXHAUSTED` when it is too large for a record, or too much waits already.
   */
  send(to: Destination, message: Message, delivery?: Delivery, isApart = false): void {
    if (this.queuedBytes > this.options.maxQueuedBytes) throw this.full();
    const { queue, lane } = this.routes.get(to) ?? this.openRoute(to);
    try {
      this.queuedBytes += queue.append(message, this.options.maxRecordBytes, delivery, isApart);
    } finally {
      if (queue.isIdle) this.routes.delete(to);
    }
    lane.makeReady(queue);
  }

  /** Whether a record waits for this destination that is to have more: whoever has the choice does well to send there. */
  isFilling(to: Destination): boolean {
    return this.routes.get(to)?.queue.isFilling ?? false;
  }

  /** Resolves when nothing waits and nothing is in flight. */
  idle(): Promise<void> {
    if (this.routes.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  private openRoute(to: Destination): Route {
    const leader = this.connection.leaderOf(to);
    let lane = this.lanes.get(leader);
    if (lane === undefined) {
      lane = new Lane(this.options.maxRecordBytes, (records) => this.ship(records));
      this.lanes.set(leader, lane);
    }
    // A queue keeps its lane until it is empty: a leader change must not let later messages overtake earlier ones.
    const route = { queue: new DestinationQueue(to), lane };
    this.routes.set(to, route);
    return route;
  }

  private async ship(taken: readonly TakenRecord[]): Promise<void> {
    for (const { record } of taken) this.queuedBytes -= record.bytes;
    const encoding = taken.map((item) => this.encode(item));
    const encoded = encoding.some((item) => item instanceof Promise) ? await Promise.all(encoding) : encoding;
    const sendable = (encoded as (ShippedRecord | undefined)[]).filter((item) => item !== undefined);
    if (sendable.length > 0) await this.produce(sendable);
    for (const { queue } of taken) this.release(queue);
  }

  private encode({ queue, record }: TakenRecord): MaybePromise<ShippedRecord | undefined> {
    const refuse = (error: unknown): undefined => {
      record.settle(RpcError.from(error));
    };
    const { topic, partition } = queue.to;
    const finish = ({ value, headers }: EncodedRecord): ShippedRecord => ({
      outgoing: record,
      record: { topic, partition, key: null, value, headers },
    });
    try {
      const target = record.isApart ? { ...queue.to, isApart: true } : queue.to;
      const encoded = this.codec.encode(record.finish(), target);
      return encoded instanceof Promise ? encoded.then(finish).catch(refuse) : finish(encoded);
    } catch (error) {
      return refuse(error);
    }
  }

  private async produce(shipped: readonly ShippedRecord[]): Promise<void> {
    const sentAtMs = this.clock.local();
    let failure: RpcError | undefined;
    try {
      const acks = await this.connection.produce(
        shipped.map(({ record }) => record),
        { acks: this.options.acks },
      );
      const acknowledgedAtMs = this.clock.local();
      for (const ack of acks) {
        this.clock.observe(sentAtMs, acknowledgedAtMs, ack.appendTimeMs, this.connection.leaderOf(ack));
      }
    } catch (error) {
      failure = RpcError.from(error);
    }
    for (const { outgoing } of shipped) outgoing.settle(failure);
  }

  private release(queue: DestinationQueue): void {
    queue.inFlight -= 1;
    if (!queue.isIdle || this.routes.get(queue.to)?.queue !== queue) return;
    this.routes.delete(queue.to);
    if (this.routes.size > 0) return;
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }

  private full(): RpcError {
    return new RpcError(
      RpcStatus.RESOURCE_EXHAUSTED,
      `${this.queuedBytes} bytes wait for the broker already, maxQueuedBytes is ${this.options.maxQueuedBytes}: ` +
        'slow down, or look why the broker does not answer.',
    );
  }
}

interface Route {
  readonly queue: DestinationQueue;
  readonly lane: Lane;
}

interface ShippedRecord {
  readonly outgoing: OutgoingRecord;
  readonly record: ProducerRecord;
}

type MaybePromise<T> = T | Promise<T>;
