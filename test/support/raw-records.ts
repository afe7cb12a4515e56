import type { ConsumerRecord, DriverConnection, KafkaDriver, ProducerRecord } from 'nestjs-kafka-rpc';
import { ByteWriter } from '../../lib/protocol/byte-writer.js';
import { encodeEnvelope, ENVELOPE_HEADER, type Envelope } from '../../lib/protocol/envelope.js';
import { encodeMessage } from '../../lib/protocol/message-encoder.js';
import type { Message } from '../../lib/protocol/message.js';

const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A connection of somebody who is neither client nor server. */
export const connectRaw = (driver: KafkaDriver): Promise<DriverConnection> =>
  driver.connect({ clientId: 'somebody else', log: SILENT, onEvent: () => undefined });

/** Appends records to several partitions, in as many batches: one is of one partition. */
export const produceToEach = async (
  connection: DriverConnection,
  records: readonly ProducerRecord[],
): Promise<void> => {
  const batches = new Map<string, ProducerRecord[]>();
  for (const record of records) {
    const place = `${record.topic}:${record.partition}`;
    const batch = batches.get(place);
    if (batch === undefined) batches.set(place, [record]);
    else batch.push(record);
  }
  await Promise.all([...batches.values()].map((batch) => connection.produce(batch, { acks: -1 })));
};

export const frameList = (...messages: Message[]): Buffer => {
  const writer = new ByteWriter();
  for (const message of messages) encodeMessage(writer, message);
  return writer.finish();
};

/** What a producer sends that speaks the protocol, without the place where it goes. */
export const speak = (
  envelope: Envelope,
  ...messages: Message[]
): { readonly value: Buffer; readonly headers: Record<string, Buffer> } => ({
  value: frameList(...messages),
  headers: { [ENVELOPE_HEADER]: encodeEnvelope(envelope) },
});

/** A record as a reader gets it. */
export const consumed = (record: Partial<ConsumerRecord>): ConsumerRecord => ({
  topic: 'rpc.sum.requests',
  partition: 0,
  offset: 0n,
  timestampMs: 0,
  key: null,
  value: null,
  headers: {},
  ...record,
});
