import { createErrorFromCode } from 'kafkajs/src/protocol/error.js';
import type { TopicPartition } from '../../record.js';
import type { ProtocolRequest } from './protocol-request.js';
import { maxTextBytes } from './request-writer.js';

const LIST_OFFSETS = { apiKey: 2, apiVersion: 2, apiName: 'ListOffsets' } as const;

const CONSUMER_REPLICA = -1;
const READ_UNCOMMITTED = 0;
const OVERHEAD_BYTES = 32;

/** Where in the log: its first record, or behind its last one. */
export type LogEnd = 'start' | 'end';

const TIMESTAMPS: Readonly<Record<LogEnd, bigint>> = { start: -2n, end: -1n };

/**
 * Asks the leader of a partition where its log starts or ends.
 * @see https://kafka.apache.org/protocol#The_Messages_ListOffsets
 */
export const listOffsetRequest = (
  { topic, partition }: TopicPartition,
  which: LogEnd,
): ProtocolRequest<bigint> => ({
  api: LIST_OFFSETS,
  maxBytes: OVERHEAD_BYTES + maxTextBytes(topic),
  write: (writer) => {
    writer.int32(CONSUMER_REPLICA);
    writer.int8(READ_UNCOMMITTED);
    writer.int32(1);
    writer.string(topic);
    writer.int32(1);
    writer.int32(partition);
    writer.int64(TIMESTAMPS[which]);
  },
  read: (reader) => {
    const throttleMs = reader.throttleMs();
    reader.int32(); // one topic
    reader.string();
    reader.int32(); // one partition
    reader.int32();
    const code = reader.int16();
    if (code !== 0) throw createErrorFromCode(code);
    reader.int64(); // timestamp
    return { value: reader.int64(), throttleMs };
  },
});
