import type { Message } from '../../lib/protocol/message.js';
import { BrokerClock } from '../../lib/wire/broker-clock.js';
import { Codec } from '../../lib/wire/codec.js';
import type { Destination } from '../../lib/wire/destination-queue.js';
import { Outbox, type OutboxOptions } from '../../lib/wire/outbox.js';
import type { Delivery } from '../../lib/wire/outgoing-record.js';
import { json } from '../../lib/wire/serializers/json.js';
import type { WireInterceptor } from '../../lib/wire/wire-interceptor.js';
import { PlayedProducer } from './played-producer.js';

export const destination = (partition: number, topic = 'rpc.sum.requests'): Destination =>
  Object.freeze({ topic, partition, direction: 'request', envelope: Buffer.from('envelope') });

const FRAME_BYTES = 19;

/** A message of exactly so many bytes in a record. */
export const sizedMessage = (seq: number, bytes = FRAME_BYTES): Message => ({
  kind: 'next',
  seq,
  run: 0,
  index: 0,
  payload: Buffer.alloc(bytes - FRAME_BYTES),
});

type BenchOptions = OutboxOptions & { readonly now: () => number };

/** An outbox over a broker that the test plays. */
export class OutboxBench {
  readonly producer = new PlayedProducer();
  readonly clock = new BrokerClock(() => 1_000);
  /** What the deliveries heard: `ok`, or the status of the error. */
  readonly delivered: (readonly [seq: number, status: string])[] = [];
  readonly outbox: Outbox;

  constructor(options: Partial<BenchOptions> = {}, stages: WireInterceptor[] = []) {
    const limits: OutboxOptions = {
      acks: -1,
      maxRecordBytes: 1_000,
      maxQueuedBytes: 100_000,
      deliveryTimeoutMs: 30_000,
    };
    this.outbox = new Outbox(this.producer, new Codec(json(), stages), this.clock, { ...limits, ...options });
  }

  send(to: Destination, ...seqs: number[]): void {
    for (const seq of seqs) this.sendSized(to, seq, FRAME_BYTES);
  }

  sendSized(to: Destination, seq: number, bytes: number): void {
    this.outbox.send(to, sizedMessage(seq, bytes), this.delivery(seq));
  }

  /** The numbers of the messages, request by request, record by record. */
  get sent(): readonly (readonly (readonly number[])[])[] {
    return this.producer.requests.map(({ seqs }) => seqs);
  }

  private delivery(seq: number): Delivery {
    return { delivered: (error) => void this.delivered.push([seq, error?.status ?? 'ok']) };
  }
}
