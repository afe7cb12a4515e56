import type { DeferredMessage } from '../../protocol/message.js';
import type { IncomingCall } from '../incoming-call.js';
import { OwnMessages, type OwnMessagesParts } from '../own-messages.js';
import type { RequestClock } from '../request-clock.js';
import type { CallHistory } from './call-history.js';
import { deferredMessage } from './deferred-message.js';
import type { DelayTopics } from './delay-topics.js';

export interface DelayWriterParts extends OwnMessagesParts {
  readonly clock: Pick<RequestClock, 'now' | 'timeLeftMs'>;
  readonly topics: DelayTopics;
}

/** Events go to the delay topic, each until the broker has it in all in-sync replicas. */
export class DelayWriter {
  private readonly messages: OwnMessages;

  constructor(private readonly parts: DelayWriterParts) {
    this.messages = new OwnMessages(parts);
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
    const { record } = call.origin;
    const delays = this.parts.topics.get(record.topic);
    if (delays === undefined) return;
    const at = { topic: delays.topic, partition: record.partition % delays.partitions };
    const messageOf = (seq: number): DeferredMessage => this.messageOf(call, history, dueAtMs, seq);
    const number = {};
    this.messages.write(() => this.messages.send(at, messageOf, number), done);
  }

  /** Resolves when nothing is on its way. */
  idle(): Promise<void> {
    return this.messages.idle();
  }

  close(): void {
    this.messages.close();
  }

  private messageOf(call: IncomingCall, history: CallHistory, dueAtMs: number, seq: number): DeferredMessage {
    const { clock } = this.parts;
    return deferredMessage(call, history, {
      seq,
      dueAtMs,
      nowMs: clock.now(),
      timeLeftMs: call.timeLeftMs(clock),
    });
  }
}
