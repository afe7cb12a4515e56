import { Counters } from '../diagnostics/counters.js';
import type { DriverConnection, PartitionReader } from '../driver/driver.js';
import type { TopicPartition } from '../driver/record.js';
import type { Envelope, RequestEnvelope } from '../protocol/envelope.js';
import type { Message } from '../protocol/message.js';
import type { Codec } from '../wire/codec.js';
import { Receiver } from '../wire/receiver.js';
import type { Caller, Callers } from './caller.js';
import type { IncomingCall } from './incoming-call.js';
import { hearCredit } from './streams/heard-credit.js';

export interface MovedCallsParts {
  readonly driver: Pick<DriverConnection, 'readPartition'>;
  readonly codec: Codec;
  readonly callers: Callers;
  /** Those of the server: what is refused here was refused by the owner of the partition, too. */
  readonly counters: Pick<Counters, 'add'>;
}

/** What is heard of a partition that is not read for the group. */
interface Listening {
  isOver: boolean;
  reader: PartitionReader | undefined;
}

/**
 * Calls that run here though their partition is about to move, or is another server's by now: their cancels and credits stand in the partition, where
 * they are read on until the last of these calls is over. Nothing else of what is read is used: it is its owner's.
 *
 * Cost: nothing for partitions without running calls; else each of their records is read here, too, and those of the callers that wait
 * are decoded.
 */
export class MovedCalls {
  private readonly listening = new Map<string, Listening>();

  constructor(private readonly parts: MovedCallsParts) {}

  /** @param from the first record that was not looked into */
  listen(partition: TopicPartition, from: bigint): void {
    const name = nameOf(partition);
    if (this.listening.has(name)) return;
    const calls = this.runningOf(name);
    if (calls.length === 0) return;
    const listening: Listening = { isOver: false, reader: undefined };
    this.listening.set(name, listening);
    let left = calls.length;
    const onFinished = (): void => {
      left -= 1;
      if (left === 0 && this.listening.get(name) === listening) this.end(partition);
    };
    void this.read(partition, from, listening);
    for (const call of calls) call.whenFinished(onFinished);
  }

  /** The partition is read for the group again, or nothing of it runs here. */
  end(partition: TopicPartition): void {
    const name = nameOf(partition);
    const listening = this.listening.get(name);
    if (listening === undefined) return;
    this.listening.delete(name);
    listening.isOver = true;
    void listening.reader?.close();
  }

  private async read(partition: TopicPartition, from: bigint, listening: Listening): Promise<void> {
    const { driver, codec } = this.parts;
    const receiver = new Receiver<RequestEnvelope>(codec, new Counters(), {
      accept: (envelope) => this.ofWaitingCaller(envelope),
      onMessages: (messages, envelope) => this.heard(messages, envelope),
    });
    try {
      const reader = await driver.readPartition({ ...partition, from }, (records) => {
        if (!listening.isOver) for (const record of records) receiver.receive(record);
      });
      listening.reader = reader;
      if (listening.isOver) await reader.close();
    } catch {
      // As before: they run to their end, or their deadline.
    }
  }

  private ofWaitingCaller(envelope: Envelope): RequestEnvelope | undefined {
    if (envelope.direction !== 'request') return undefined;
    const caller = this.callerOf(envelope);
    return caller === undefined || caller.calls.size === 0 ? undefined : envelope;
  }

  private heard(messages: readonly Message[], envelope: RequestEnvelope): void {
    const caller = this.callerOf(envelope);
    const { counters } = this.parts;
    for (const message of messages) {
      const call = caller?.calls.get(message.seq);
      if (call === undefined) continue;
      if (message.kind === 'credit') hearCredit(call, message, counters);
      if (message.kind === 'cancel' && call.stop('cancelled')) counters.add('callsCancelled');
    }
  }

  private callerOf({ sender, replyTo }: RequestEnvelope): Caller | undefined {
    return this.parts.callers.find(sender, replyTo);
  }

  private runningOf(name: string): IncomingCall[] {
    return [...this.parts.callers.openCalls()].filter(
      (call) => nameOf(call.origin.record) === name && !call.isOver && call.state !== 'queued',
    );
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;
