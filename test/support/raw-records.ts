import type { ConsumerRecord, DriverConnection, KafkaDriver, ProducerRecord } from 'nestjs-kafka-rpc';
import { ByteWriter } from '../../lib/protocol/byte-writer.js';
import { encodeEnvelope, ENVELOPE_HEADER, type Envelope } from '../../lib/protocol/envelope.js';
import { encodeMessage } from '../../lib/protocol/message-encoder.js';
import type { Message } from '../../lib/protocol/message.js';
import { eventually } from '../conformance/eventually.js';

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

/** Appends all that stands in a partition once more, each record as it is. @returns how many */
export const appendAllAgain = async (
  connection: DriverConnection,
  at: { readonly topic: string; readonly partition: number },
): Promise<number> => {
  const read: ConsumerRecord[] = [];
  const end = await connection.readPartition({ ...at, from: 'latest' }, () => undefined);
  await end.close();
  const reader = await connection.readPartition({ ...at, from: 'earliest' }, (records) =>
    read.push(...records),
  );
  await eventually(20_000, () =>
    expect(read.at(-1)?.offset ?? -1n).toBeGreaterThanOrEqual(end.startOffset - 1n),
  );
  await reader.close();
  const again = read.filter(({ offset }) => offset < end.startOffset);
  for (const { value, headers } of again)
    await connection.produce([{ ...at, value, headers: headers as Record<string, Buffer> }], { acks: -1 });
  return again.length;
};
