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
  /** The largest frame list. */
  readonly maxRecordBytes: number;
  /** What may wait for the broker in all. */
  readonly maxQueuedBytes: number;
  /** How long what has no deadline is tried: events, and answers. */
  readonly deliveryTimeoutMs: number;
  /** Told each time the broker throttles this client, for how long. Must not throw. */
  readonly onThrottled?: (throttleMs: number) => void;
}

/** So often at most the outbox is looked through for what nobody waits for. */
const CLEAN_UP_MS = 50;

/**
 * Messages become records and leave.
 *
 *     send(message) → queue of its destination → sender to the broker → stages → driver → delivery.delivered()
 *
 * What was sent in one turn of the event loop leaves at its end as long as little is in flight; else it is packed
 * (`BrokerSender`). Messages for the same destination arrive in the order sent. Each record has an outcome of its own, and so
 * has each message of a record that the broker finds too large. A record that is tried again holds up its destination alone.
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
   * Takes a message. Returns at once; `delivery` hears what became of it.
   * @param isApart whether it shares no record with others that are not: `codec.keepsApart` says of which calls
   * @throws RpcError `RESOURCE_EXHAUSTED` when it is too large for a record, or too much waits already.
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

  /** Whether a record waits for this destination that is to have more: whoever has the choice does well to send there. */
  isFilling(to: Destination): boolean {
    return this.queues.get(to)?.isFilling ?? false;
  }

  /** What keeps messages from this destination, as the end of a sentence; undefined when nothing is known to. */
  whyDelayed(to: Destination): string | undefined {
    const queue = this.queues.get(to);
    if (queue === undefined) return undefined;
    if (queue.delayedBy !== undefined) return queue.delayedBy.message;
    const waitMs = Math.ceil(queue.sender?.waitMs ?? 0);
    return waitMs > 0 ? `the broker throttles this client, for about ${waitMs} ms more.` : undefined;
  }

  /** Resolves when nothing waits and nothing is in flight. */
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

  /** Of the broker that leads the partition now; while a queue is on a sender's list, it stays there. */
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

  /** Something of this queue is over: the next may leave, or nothing is left of it. */
  private freed(queue: DestinationQueue): void {
    if (!queue.isHeld && !queue.isEmpty && !queue.isReady)
      this.senderFor(queue).makeReady(queue, queue.waitingBytes);
    if (!queue.isIdle || this.queues.get(queue.to) !== queue) return;
    this.queues.delete(queue.to);
    if (this.queues.size > 0) return;
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }

  /** What waits already has no more time than what is sent from now on. */
  private throttled({ sender }: DestinationQueue, throttleMs: number): void {
    this.options.onThrottled?.(throttleMs);
    const late = sender?.leaveAlone(throttleMs);
    if (late === undefined) return;
    this.queuedBytes -= late.bytes;
    late.tell();
  }

  /** @throws RpcError `RESOURCE_EXHAUSTED` when all that waits is still waited for. */
  private makeRoom(): void {
    this.cleanUp();
    if (this.queuedBytes > this.options.maxQueuedBytes) throw this.full();
  }

  /** Takes out what nobody waits for any more, unless that was done just now. */
  private cleanUp(): void {
    const nowMs = this.now();
    if (nowMs - this.cleanedUpAtMs < CLEAN_UP_MS) return;
    this.cleanedUpAtMs = nowMs;
    for (const queue of this.queues.values()) this.queuedBytes -= queue.removeUnwanted();
    for (const sender of this.senders.values()) sender.recount();
  }

  /** @throws RpcError `RESOURCE_EXHAUSTED` for what would leave too late, as the broker throttles this client. */
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
