import type { Acks, DriverConnection } from '../driver/driver.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { Message } from '../protocol/message.js';
import type { BrokerClock } from './broker-clock.js';
import { BrokerSender } from './broker-sender.js';
import type { Codec } from './codec.js';
import { DestinationQueue, type Destination, type QueueSender } from './destination-queue.js';
import { tooLate } from './late-messages.js';
import type { Delivery } from './outgoing-record.js';
import { RecordShipper } from './record-shipper.js';

export interface OutboxOptions {
  readonly acks: Acks;
  /** The largest frame list of one record, in bytes. */
  readonly maxRecordBytes: number;
  /** How many bytes may wait for the broker in all. */
  readonly maxQueuedBytes: number;
  /** How many milliseconds messages without a deadline, events and replies, are retried. */
  readonly deliveryTimeoutMs: number;
  /** Called with the length of the pause each time the broker throttles this client. Must not throw. */
  readonly onThrottled?: (throttleMs: number) => void;
}

/** The shortest time between two searches for messages that nobody waits for. */
const CLEAN_UP_MS = 50;

/**
 * Packs messages into records and sends them.
 *
 *     send(message) → queue of its destination → sender to the broker → stages → driver → delivery.delivered()
 *
 * While little is in flight, messages leave at the end of the turn of the event loop in which they were sent. Else they are
 * packed (`BrokerSender`). Messages for one destination arrive in the order sent. Each record succeeds or fails by itself. If the
 * broker finds a record too large, each of its messages does. A record that is retried delays its own destination only.
 */
export class Outbox {
  private readonly senders = new Map<number | undefined, BrokerSender>();
  private readonly queues = new Map<Destination, DestinationQueue>();
  private readonly shipper: RecordShipper;
  private queuedBytes = 0;
  private cleanedUpAtMs = -Infinity;
  private idleWaiters: (() => void)[] = [];

  constructor(
    private readonly connection: Pick<DriverConnection, 'produce' | 'leaderOf'>,
    codec: Codec,
    clock: BrokerClock,
    private readonly options: OutboxOptions & { readonly now?: () => number },
  ) {
    const { acks, maxRecordBytes, deliveryTimeoutMs } = options;
    const onFree = (queue: DestinationQueue): void => this.freed(queue);
    const onThrottled = (queue: DestinationQueue, throttleMs: number): void =>
      this.throttled(queue, throttleMs);
    const now = (): number => this.now();
    const limits = { acks, maxRecordBytes, deliveryTimeoutMs };
    const parts = { connection, codec, clock, ...limits, now, onFree, onThrottled };
    this.shipper = new RecordShipper(parts);
  }

  /**
   * Queues a message and returns at once. `delivery` gets the outcome.
   * @param isApart whether it shares records only with messages that are apart too, as `codec.keepsApart` says
   * @throws RpcError `RESOURCE_EXHAUSTED` if the message is too large for a record, or too much waits already.
   */
  send(to: Destination, message: Message, delivery?: Delivery, isApart = false): void {
    if (this.queuedBytes > this.options.maxQueuedBytes) this.makeRoom();
    const queue = this.queues.get(to) ?? this.openQueue(to);
    const sender = this.senderFor(queue);
    let bytes: number;
    try {
      if (sender.waitMs > 0) this.checkInTime(sender, delivery);
      bytes = queue.append(message, delivery, isApart);
    } finally {
      if (queue.isIdle) this.queues.delete(to);
    }
    this.queuedBytes += bytes;
    if (!queue.isHeld) sender.makeReady(queue, bytes);
  }

  /** Whether a waiting record of this destination has room: a sender with a choice does best to send there. */
  isFilling(to: Destination): boolean {
    return this.queues.get(to)?.isFilling ?? false;
  }

  /** Why messages do not reach this destination, as the end of a sentence. `undefined` if nothing is known. */
  whyDelayed(to: Destination): string | undefined {
    const queue = this.queues.get(to);
    if (queue === undefined) return undefined;
    if (queue.delayedBy !== undefined) return queue.delayedBy.message;
    const waitMs = Math.ceil(queue.sender?.waitMs ?? 0);
    return waitMs > 0 ? `the broker throttles this client, for about ${waitMs} ms more.` : undefined;
  }

  /** Resolves when no record waits and none is in flight. */
  idle(): Promise<void> {
    if (this.queues.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  private now(): number {
    return (this.options.now ?? monotonicNow)();
  }

  private openQueue(to: Destination): DestinationQueue {
    const queue = new DestinationQueue(to, this.options.maxRecordBytes, () => this.now());
    this.queues.set(to, queue);
    return queue;
  }

  /** The sender to the broker that leads the partition now. A queue stays with its sender while it is on its list. */
  private senderFor(queue: DestinationQueue): QueueSender {
    if (queue.isReady && queue.sender !== undefined) return queue.sender;
    const leader = this.connection.leaderOf(queue.to);
    let sender = this.senders.get(leader);
    if (sender === undefined) {
      sender = new BrokerSender(
        (from, record, shipment) => {
          this.queuedBytes -= record.bytes;
          this.shipper.ship(from, record, shipment);
        },
        () => this.now(),
      );
      this.senders.set(leader, sender);
    }
    queue.sender = sender;
    return sender;
  }

  /** A record of this queue has settled: the next one may leave, or the queue is done. */
  private freed(queue: DestinationQueue): void {
    if (!queue.isHeld && !queue.isEmpty && !queue.isReady)
      this.senderFor(queue).makeReady(queue, queue.waitingBytes);
    if (!queue.isIdle || this.queues.get(queue.to) !== queue) return;
    this.queues.delete(queue.to);
    if (this.queues.size > 0) return;
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }

  /** Messages that wait already have no more time than later ones. */
  private throttled({ sender }: DestinationQueue, throttleMs: number): void {
    this.options.onThrottled?.(throttleMs);
    const late = sender?.leaveAlone(throttleMs);
    if (late === undefined) return;
    this.queuedBytes -= late.bytes;
    late.tell();
  }

  /** @throws RpcError `RESOURCE_EXHAUSTED` if the queue is full, and somebody waits for every message in it. */
  private makeRoom(): void {
    this.cleanUp();
    if (this.queuedBytes > this.options.maxQueuedBytes) throw this.full();
  }

  /** Removes messages that nobody waits for, unless that was done just now. */
  private cleanUp(): void {
    const nowMs = this.now();
    if (nowMs - this.cleanedUpAtMs < CLEAN_UP_MS) return;
    this.cleanedUpAtMs = nowMs;
    for (const queue of this.queues.values()) this.queuedBytes -= queue.removeUnwanted();
    for (const sender of this.senders.values()) sender.recount();
  }

  /** @throws RpcError `RESOURCE_EXHAUSTED` for a message that would leave too late because the broker throttles this client. */
  private checkInTime(sender: QueueSender, delivery: Delivery | undefined): void {
    if (delivery?.dueAtMs === undefined) return;
    const leftMs = delivery.dueAtMs - this.now();
    if (sender.waitMs < leftMs) return;
    this.cleanUp();
    if (sender.waitMs >= leftMs) throw tooLate(sender.waitMs, leftMs);
  }

  private full(): RpcError {
    return new RpcError(
      RpcStatus.RESOURCE_EXHAUSTED,
      `${this.queuedBytes} bytes wait for the broker already, maxQueuedBytes is ${this.options.maxQueuedBytes}: ` +
        'slow down, or look why the broker does not answer.',
    );
  }
}

const monotonicNow = (): number => performance.now();
