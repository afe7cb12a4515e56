import { setTimeout as delay } from 'node:timers/promises';
import type { Counters } from '../../diagnostics/counters.js';
import type { RefusedRecord } from '../../diagnostics/channels.js';
import type { Log } from '../../diagnostics/log.js';
import type { DriverConnection, PartitionReader } from '../../driver/driver.js';
import type { ConsumerRecord } from '../../driver/record.js';
import { RpcError } from '../../errors/rpc-error.js';
import type { RequestEnvelope } from '../../protocol/envelope.js';
import type { Message } from '../../protocol/message.js';
import type { Codec } from '../../wire/codec.js';
import { Receiver } from '../../wire/receiver.js';
import { waitAtMost } from '../../wire/wait-at-most.js';
import { ASKS_PARTITION, controlTopicSpec } from '../../wire/wire-options.js';
import type { AllowedReplies } from '../allowed-replies.js';
import type { ResolvedServerOptions } from '../server-options.js';

export interface ControlReaderParts {
  readonly driver: Pick<DriverConnection, 'ensureTopics' | 'readPartition'>;
  readonly codec: Codec;
  readonly counters: Counters;
  readonly options: ResolvedServerOptions;
  readonly replies: AllowedReplies;
  /** Each message that was asked of the servers of this service. */
  readonly onMessage: (
    service: string,
    message: Message,
    envelope: RequestEnvelope,
    at: ConsumerRecord,
  ) => void;
  readonly onRefused: (refused: RefusedRecord) => void;
  readonly log: Log;
  readonly retryMs?: number;
}

/** A start does not wait longer for what calls do not need. */
const OPEN_MS = 2_000;
const RETRY_MS = 30_000;

/**
 * Reads what is asked of all servers of a service: each server the same partition, without a group, from the end of its log on. So
 * those are reached that own no partition, and those whose queue is full and who read no requests.
 *
 * A server that cannot read the topic serves all the same, says so once, and tries again every 30 s.
 */
export class ControlReader {
  private readonly closing = new AbortController();
  private readonly readers: PartitionReader[] = [];

  constructor(private readonly parts: ControlReaderParts) {}

  /** Resolves when all topics are read, or the first attempt at each has failed. Never throws. */
  async open(): Promise<void> {
    const { services } = this.parts.options;
    await waitAtMost(Promise.all(services.map((service) => this.openAt(service))), OPEN_MS);
  }

  close(): void {
    this.closing.abort();
    for (const reader of this.readers.splice(0)) void reader.close().catch(() => undefined);
  }

  private async openAt(service: string): Promise<void> {
    try {
      await this.read(service);
    } catch (error) {
      this.tellUnread(service, RpcError.from(error));
      void this.retry(service);
    }
  }

  private async retry(service: string): Promise<void> {
    const { retryMs = RETRY_MS } = this.parts;
    const { signal } = this.closing;
    for (let isRead = false; !isRead && !signal.aborted;) {
      await delay(retryMs, undefined, { ref: false, signal }).catch(() => undefined);
      isRead = await this.read(service).then(
        () => true,
        () => false,
      );
    }
  }

  private async read(service: string): Promise<void> {
    if (this.closing.signal.aborted) return;
    const { driver, options } = this.parts;
    const topic = options.topics.control(service);
    await driver.ensureTopics([controlTopicSpec(topic, options)], { create: options.createTopics });
    const receiver = this.receiverOf(service);
    const place = { topic, partition: ASKS_PARTITION, from: 'latest' } as const;
    const reader = await driver.readPartition(place, (records) => {
      for (const record of records) receiver.receive(record);
    });
    if (this.closing.signal.aborted) void reader.close();
    else this.readers.push(reader);
  }

  private receiverOf(service: string): Receiver<RequestEnvelope> {
    const { codec, counters, replies, onMessage, onRefused } = this.parts;
    return new Receiver<RequestEnvelope>(codec, counters, {
      accept: (envelope) => replies.accept(envelope),
      lookAgain: (envelope) => replies.lookAgain(envelope),
      onMessages: (messages, envelope, record, malformed) => {
        if (malformed !== undefined) onRefused(malformed);
        for (const message of messages) onMessage(service, message, envelope, record);
      },
      onRefused: (_record, refused) => onRefused(refused),
    });
  }

  private tellUnread(service: string, { message }: RpcError): void {
    if (this.closing.signal.aborted) return;
    const topic = this.parts.options.topics.control(service);
    this.parts.log.warn(
      `Clients cannot ask this server (ping(), info(), stats()), as it cannot read ${topic}; calls are served. It tries again. ${message}`,
    );
  }
}
