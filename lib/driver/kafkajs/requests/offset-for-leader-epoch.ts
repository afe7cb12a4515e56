import { createErrorFromCode } from 'kafkajs/src/protocol/error.js';
import type { TopicPartition } from '../../record.js';
import type { ProtocolRequest } from './protocol-request.js';
import { maxTextBytes } from './request-writer.js';

const OFFSET_FOR_LEADER_EPOCH = { apiKey: 23, apiVersion: 3, apiName: 'OffsetForLeaderEpoch' } as const;

const CONSUMER_REPLICA = -1;
const NOT_CHECKED = -1;
const OVERHEAD_BYTES = 32;

/**
 * Asks the leader of a partition where an epoch ended: records above, which were read of that epoch, are not in the log any
 * more (KIP-320). Negative when the leader has nothing of that epoch, nor of earlier ones.
 * @see https://kafka.apache.org/protocol#The_Messages_OffsetForLeaderEpoch
 */
export const epochEndRequest = (
  { topic, partition }: TopicPartition,
  epoch: number,
): ProtocolRequest<bigint> => ({
  api: OFFSET_FOR_LEADER_EPOCH,
  maxBytes: OVERHEAD_BYTES + maxTextBytes(topic),
  write: (writer) => {
    writer.int32(CONSUMER_REPLICA);
    writer.int32(1);
    writer.string(topic);
    writer.int32(1);
    writer.int32(partition);
    writer.int32(NOT_CHECKED);
    writer.int32(epoch);
  },
  read: (reader) => {
    const throttleMs = reader.throttleMs();
    reader.int32(); // one topic
    reader.string();
    reader.int32(); // one partition
    const code = reader.int16();
    if (code !== 0) throw createErrorFromCode(code);
    reader.int32(); // partition
    reader.int32(); // epoch
    return { value: reader.int64(), throttleMs };
  },
});
