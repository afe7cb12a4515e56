import { createErrorFromCode } from 'kafkajs/src/protocol/error.js';
import type { Acks } from '../../driver.js';
import type { ProducerRecord, TopicPartition } from '../../record.js';
import type { ProtocolRequest, ProtocolResponse } from './protocol-request.js';
import { maxBatchBytes, writeBatch, type BatchSequence } from './record-batch.js';
import { maxTextBytes, type RequestWriter } from './request-writer.js';
import type { ResponseReader } from './response-reader.js';

/** The oldest that Kafka 4 speaks (KIP-896), which has all that is needed. */
const PRODUCE = { apiKey: 0, apiVersion: 3, apiName: 'Produce' } as const;

const NULL_STRING = -1;
/** Lengths and numbers around topics, partitions and the request itself. */
const OVERHEAD_BYTES = 64;

/** What became of the records for one partition. */
export interface ProducedPartition extends TopicPartition {
  /** Undefined when the broker appended them. */
  readonly error: Error | undefined;
  readonly baseOffset: bigint;
  readonly appendTimeMs: number;
}

export interface ProduceBatch extends TopicPartition {
  readonly records: readonly ProducerRecord[];
  /** Left out by a producer that is not idempotent. */
  readonly sequence?: BatchSequence;
}

export interface ProduceResponse {
  readonly partitions: readonly ProducedPartition[];
  /** How long the broker wants to hear nothing more from this client. */
  readonly throttleMs: number;
}

/**
 * Appends a batch to each of some partitions that one broker leads, one for each at most. Unlike kafkajs' own, the answer tells each partition's
 * fate: what one refused does not make the others be sent again.
 * @see https://kafka.apache.org/protocol#The_Messages_Produce
 */
export const produceRequest = (
  batches: readonly ProduceBatch[],
  acks: Acks,
  timeoutMs: number,
): ProtocolRequest<ProduceResponse> => ({
  api: PRODUCE,
  maxBytes: maxRequestBytes(batches),
  write: (writer) => writeRequest(writer, batches, acks, timeoutMs),
  read: readResponse,
});

const maxRequestBytes = (batches: readonly ProduceBatch[]): number => {
  let bytes = OVERHEAD_BYTES;
  for (const { topic, records } of batches)
    bytes += OVERHEAD_BYTES + maxTextBytes(topic) + maxBatchBytes(records);
  return bytes;
};

const writeRequest = (
  writer: RequestWriter,
  batches: readonly ProduceBatch[],
  acks: Acks,
  timeoutMs: number,
): void => {
  const byTopic = groupByTopic(batches);
  writer.int16(NULL_STRING); // transactional id
  writer.int16(acks);
  writer.int32(timeoutMs);
  writer.int32(byTopic.size);
  const nowMs = Date.now();
  for (const [topic, partitions] of byTopic) {
    writer.string(topic);
    writer.int32(partitions.length);
    for (const { partition, records, sequence } of partitions) {
      writer.int32(partition);
      const lengthAt = writer.length;
      writer.int32(0);
      writeBatch(writer, records, nowMs, sequence);
      writer.patchInt32(writer.length - lengthAt - 4, lengthAt);
    }
  }
};

const groupByTopic = (batches: readonly ProduceBatch[]): ReadonlyMap<string, readonly ProduceBatch[]> => {
  const byTopic = new Map<string, ProduceBatch[]>();
  for (const batch of batches) {
    const known = byTopic.get(batch.topic);
    if (known === undefined) byTopic.set(batch.topic, [batch]);
    else known.push(batch);
  }
  return byTopic;
};

const readResponse = (reader: ResponseReader): ProtocolResponse<ProduceResponse> => {
  const partitions: ProducedPartition[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.string();
    for (let left = reader.int32(); left > 0; left--) {
      const partition = reader.int32();
      const code = reader.int16();
      const baseOffset = reader.int64();
      const appendTimeMs = Number(reader.int64());
      const error = code === 0 ? undefined : createErrorFromCode(code);
      partitions.push({ topic, partition, error, baseOffset, appendTimeMs });
    }
  }
  const throttleMs = reader.throttleMs();
  return { value: { partitions, throttleMs }, throttleMs };
};
