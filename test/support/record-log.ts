import { randomBytes } from 'node:crypto';
import kafkajs from 'kafkajs';
import { decodeEnvelope, ENVELOPE_HEADER, type Envelope } from '../../lib/protocol/envelope.js';
import { decodeFrameList } from '../../lib/protocol/frame-list.js';
import type { Message } from '../../lib/protocol/message.js';

const { Kafka, logLevel } = kafkajs;

/** A message as it stands in a topic. */
export interface LoggedMessage {
  readonly partition: number;
  readonly offset: bigint;
  /** Its place among the messages of its record. */
  readonly index: number;
  /** When the broker appended it, in milliseconds since the epoch. */
  readonly appendedAtMs: number;
  readonly envelope: Envelope;
  readonly message: Message;
}

/** All messages of a topic from its start, each partition's in order: read with kafkajs itself, so that the package does not vouch for itself. */
export async function readLog(brokers: string[], topic: string): Promise<LoggedMessage[]> {
  const client = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 20 } });
  const unread = await unreadPartitions(client, topic);
  const log: LoggedMessage[] = [];
  if (unread.size === 0) return log;
  const consumer = client.consumer({
    groupId: `log-${randomBytes(8).toString('hex')}`,
    sessionTimeout: 120_000,
    // One that starts itself anew may do so behind disconnect(), and would hold this process for ever.
    retry: { retries: 20, restartOnFailure: async () => false },
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((done, fail) => {
    const eachBatch = async ({ batch }: kafkajs.EachBatchPayload): Promise<void> => {
      for (const record of batch.messages) log.push(...messagesOf(batch.partition, record));
      const end = unread.get(batch.partition);
      if (end !== undefined && BigInt(batch.lastOffset()) + 1n >= end) unread.delete(batch.partition);
      if (unread.size === 0) done();
    };
    consumer.on('consumer.crash', ({ payload }) => fail(payload.error));
    consumer.run({ autoCommit: false, eachBatch }).catch(fail);
  });
  await consumer.disconnect();
  return log;
}

/** The end of each partition that has records. */
async function unreadPartitions(client: kafkajs.Kafka, topic: string): Promise<Map<number, bigint>> {
  const admin = client.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const filled = ends.filter(({ low, high }) => BigInt(high) > BigInt(low));
  return new Map(filled.map(({ partition, high }) => [partition, BigInt(high)]));
}

function messagesOf(
  partition: number,
  { offset, value, headers, timestamp }: kafkajs.KafkaMessage,
): LoggedMessage[] {
  const header = headers?.[ENVELOPE_HEADER];
  if (!Buffer.isBuffer(header)) return [];
  const envelope = decodeEnvelope(header);
  const fail = (error: Error): never => {
    throw error;
  };
  return decodeFrameList(value ?? Buffer.alloc(0), fail).map((message, index) => ({
    partition,
    offset: BigInt(offset),
    index,
    appendedAtMs: Number(timestamp),
    envelope,
    message,
  }));
}

/** Those of the names that stand more than once. */
export const repeated = (names: readonly string[]): string[] => {
  const seen = new Set<string>();
  return names.filter((name) => seen.has(name) || !seen.add(name));
};
