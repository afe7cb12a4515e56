import type { RpcError } from '../../errors/rpc-error.js';
import type { DeferredMessage } from '../../protocol/message.js';
import type { Codec } from '../../wire/codec.js';
import type { Destination } from '../../wire/destination-queue.js';
import type { Outbox } from '../../wire/outbox.js';
import type { IncomingCall } from '../incoming-call.js';
import { ownEnvelope } from '../own-record.js';
import type { RequestClock } from '../request-clock.js';
import type { CallHistory } from './call-history.js';
import { deferredMessage } from './deferred-message.js';
import type { DelayTopic, DelayTopics } from './delay-topics.js';
import { PersistentWrites } from './persistent-writes.js';

export interface DelayWriterParts {
  /** This server's. */
  readonly id: Buffer;
  /** One that waits for all in-sync replicas. */
  readonly outbox: Pick<Outbox, 'send' | 'idle'>;
  readonly codec: Codec;
  readonly clock: Pick<RequestClock, 'now' | 'timeLeftMs'>;
  readonly topics: DelayTopics;
  /** Told of each attempt that failed. Must not throw. */
  readonly onFailed: (error: RpcError) => void;
}

/**
 * Events go to the delay topic, each until the broker has it in all in-sync replicas.
 *
 * They stand there under this server's name and its own count, which grows along each partition: so nobody can append one again
 * where records are authenticated (`ReplayGuard`). What has the keys of a client is not needed for that.
 */
export class DelayWriter {
  private readonly destinations = new Map<string, Destination>();
  private readonly writes: PersistentWrites;
  private lastSeq = 0;

  constructor(private readonly parts: DelayWriterParts) {
    this.writes = new PersistentWrites({ onFailed: parts.onFailed });
  }

  /** Whether events that were read from this topic can wait in a delay topic. */
  has(topic: string): boolean {
    return this.parts.topics.has(topic);
  }

  /** Whether the topic is a delay topic. */
  isDelayTopic(topic: string): boolean {
    return this.parts.topics.get(topic)?.topic === topic;
  }

  /**
   * @param history what is to be known of the event when it is read again
   * @param dueAtMs on the broker's clock
   * @param done called once, when the broker has it
   */
  write(call: IncomingCall, history: CallHistory, dueAtMs: number, done: () => void): void {
    const { topic, partition } = call.origin.record;
    const delays = this.parts.topics.get(topic);
    if (delays === undefined) return;
    const to = this.destination(delays, partition);
    this.writes.write(() => this.send(to, this.messageOf(call, history, dueAtMs)), done);
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    await this.writes.idle();
  }

  close(): void {
    this.writes.close();
  }

  /** Made for each attempt: what was appended meanwhile has a higher number. */
  private messageOf(call: IncomingCall, history: CallHistory, dueAtMs: number): DeferredMessage {
    const { clock } = this.parts;
    this.lastSeq += 1;
    const timeLeftMs = call.timeLeftMs(clock);
    return deferredMessage(call, history, { seq: this.lastSeq, dueAtMs, nowMs: clock.now(), timeLeftMs });
  }

  private send(to: Destination, message: DeferredMessage): Promise<void> {
    const { outbox, codec } = this.parts;
    return new Promise((resolve, reject) => {
      const delivered = (error?: RpcError): void => (error === undefined ? resolve() : reject(error));
      outbox.send(to, message, { delivered }, codec.keepsApart(message.pattern));
    });
  }

  private destination({ topic, partitions }: DelayTopic, from: number): Destination {
    const partition = from % partitions;
    const name = `${topic}:${partition}`;
    const known = this.destinations.get(name);
    if (known !== undefined) return known;
    const envelope = ownEnvelope(this.parts.codec, this.parts.id);
    const to: Destination = Object.freeze({ topic, partition, direction: 'request', envelope });
    this.destinations.set(name, to);
    return to;
  }
}
