import type { RpcError } from 'nestjs-kafka-rpc';
import type { Message } from '../../lib/protocol/message.js';
import type { Destination } from '../../lib/wire/destination-queue.js';
import type { Outbox } from '../../lib/wire/outbox.js';
import type { Delivery } from '../../lib/wire/outgoing-record.js';

/** Keeps what is sent; the test says what becomes of it. */
export class CapturedOutbox {
  readonly messages: Message[] = [];
  readonly destinations: Destination[] = [];
  /** Thrown at the next messages, one each. */
  readonly refusals: RpcError[] = [];
  private deliveries: (Delivery | undefined)[] = [];

  send(to: Destination, message: Message, delivery?: Delivery): void {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    this.destinations.push(to);
    this.messages.push(message);
    this.deliveries.push(delivery);
  }

  /** All that was sent so far reached the broker, or did not. */
  settle(error?: RpcError): void {
    for (const delivery of this.deliveries.splice(0)) delivery?.delivered(error);
  }

  asOutbox(): Outbox {
    return this as unknown as Outbox;
  }
}
