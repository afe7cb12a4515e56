import { createErrorFromCode } from 'kafkajs/src/protocol/error.js';
import type { ConsumerRecord, TopicPartition } from '../../record.js';
import type { ProtocolRequest, ProtocolResponse } from './protocol-request.js';
import { readBatches } from './record-batches.js';
import { maxTextBytes, type RequestWriter } from './request-writer.js';
import type { ResponseReader } from './response-reader.js';

/** The oldest that Kafka 4 speaks (KIP-896): all that is needed, in the fewest bytes. */
const FETCH = { apiKey: 1, apiVersion: 4, apiName: 'Fetch' } as const;

const CONSUMER_REPLICA = -1;
const READ_UNCOMMITTED = 0;
const MIN_BYTES = 1;
const HEAD_BYTES = 21;
const BYTES_PER_PARTITION = 16;
const BYTES_PER_TOPIC = 6;
/** High watermark and last stable offset. */
const OFFSETS_BYTES = 16;
const ABORTED_TRANSACTION_BYTES = 16;

/** A partition to be read, and from where. */
export interface FetchPlace extends TopicPartition {
  readonly offset: bigint;
}

export interface FetchLimits {
  /** How long the broker may wait for records to come. */
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  /** Told how long the broker wants to be left alone, in milliseconds, when it does. */
  readonly onThrottled?: (throttleMs: number) => void;
}

/** What a fetch brought of one partition. */
export interface FetchedPartition extends TopicPartition {
  /** Set when this partition could not be read; the others are not affected, unlike with kafkajs' own fetch. */
  readonly error: Error | undefined;
  /** The place that was asked for: whoever stands elsewhere by now has no use for it. */
  readonly from: bigint;
  readonly records: readonly ConsumerRecord[];
  /** The epoch of the leader that took them; -1 when there are none. */
  readonly leaderEpoch: number;
  /** Where the first batch says that it starts: behind the place asked for where records are gone, before it for a place in its middle. */
  readonly start: bigint;
  /** Where to read on. */
  readonly next: bigint;
}

/**
 * Reads from some partitions that one broker leads; comes back when there is at least one record, or after `maxWaitMs`.
 * Places come in the order given: the broker fills its answer in that order, so callers change it (KIP-74).
 * @see https://kafka.apache.org/protocol#The_Messages_Fetch
 */
export const fetchRequest = (
  places: readonly FetchPlace[],
  limits: FetchLimits,
): ProtocolRequest<readonly FetchedPartition[]> => ({
  api: FETCH,
  maxBytes: maxRequestBytes(places),
  write: (writer) => writeRequest(writer, places, limits),
  read: (reader) => {
    const response = readResponse(reader, places);
    if (response.throttleMs > 0) limits.onThrottled?.(response.throttleMs);
    return response;
  },
});

const writeRequest = (
  writer: RequestWriter,
  places: readonly FetchPlace[],
  { maxWaitMs, maxBytes }: FetchLimits,
): void => {
  writer.int32(CONSUMER_REPLICA);
  writer.int32(maxWaitMs);
  writer.int32(MIN_BYTES);
  writer.int32(maxBytes);
  writer.int8(READ_UNCOMMITTED);
  const runs = topicRuns(places);
  writer.int32(runs.length);
  for (const run of runs) {
    writer.string((run[0] as FetchPlace).topic);
    writer.int32(run.length);
    for (const { partition, offset } of run) {
      writer.int32(partition);
      writer.int64(offset);
      writer.int32(maxBytes);
    }
  }
};

const maxRequestBytes = (places: readonly FetchPlace[]): number => {
  let bytes = HEAD_BYTES;
  for (const { topic } of places) bytes += BYTES_PER_TOPIC + BYTES_PER_PARTITION + maxTextBytes(topic);
  return bytes;
};

/** Neighbours of one topic stand together. */
const topicRuns = (places: readonly FetchPlace[]): FetchPlace[][] => {
  const runs: FetchPlace[][] = [];
  for (const place of places) {
    const last = runs[runs.length - 1];
    if (last?.[0]?.topic === place.topic) last.push(place);
    else runs.push([place]);
  }
  return runs;
};

const readResponse = (
  reader: ResponseReader,
  places: readonly FetchPlace[],
): ProtocolResponse<readonly FetchedPartition[]> => {
  const throttleMs = reader.throttleMs();
  const value: FetchedPartition[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.string();
    for (let partitions = reader.int32(); partitions > 0; partitions--) {
      const partition = readPartition(reader, topic, places);
      if (partition !== undefined) value.push(partition);
    }
  }
  return { value, throttleMs };
};

/** @returns undefined for a partition of which there is nothing to tell. */
const readPartition = (
  reader: ResponseReader,
  topic: string,
  places: readonly FetchPlace[],
): FetchedPartition | undefined => {
  const partition = reader.int32();
  const code = reader.int16();
  reader.skip(OFFSETS_BYTES);
  const aborted = reader.int32();
  if (aborted > 0) reader.skip(aborted * ABORTED_TRANSACTION_BYTES);
  const batches = reader.part(Math.max(0, reader.int32()));
  const place = places.find((asked) => asked.partition === partition && asked.topic === topic);
  if (place === undefined) return undefined;
  const from = place.offset;
  if (code !== 0) return notRead(place, createErrorFromCode(code));
  if (batches.remaining === 0) return undefined;
  const { records, leaderEpoch, start, next, damage } = readBatches(batches, place, from);
  if (damage !== undefined) return notRead(place, damagedBatch(damage));
  return { topic, partition, error: undefined, from, records, leaderEpoch, start, next };
};

const notRead = ({ topic, partition, offset }: FetchPlace, error: Error): FetchedPartition => {
  return { topic, partition, error, from: offset, records: [], leaderEpoch: -1, start: offset, next: offset };
};

/** As a broker says it that has found the damage itself. */
const damagedBatch = (damage: string): Error =>
  Object.assign(new Error(`the batch ${damage}`), { type: 'CORRUPT_MESSAGE' });
