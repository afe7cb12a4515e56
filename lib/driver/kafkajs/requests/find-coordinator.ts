import { createErrorFromCode } from 'kafkajs/src/protocol/error.js';
import type { ProtocolRequest } from './protocol-request.js';
import { maxTextBytes } from './request-writer.js';

const FIND_COORDINATOR = { apiKey: 10, apiVersion: 2, apiName: 'FindCoordinator' } as const;

const GROUP = 0;
const OVERHEAD_BYTES = 3;

/**
 * Asks which broker a group is coordinated by. Unlike kafkajs' own, the answer tells a missing right by its name.
 * @see https://kafka.apache.org/protocol#The_Messages_FindCoordinator
 */
export const findCoordinatorRequest = (groupId: string): ProtocolRequest<number> => ({
  api: FIND_COORDINATOR,
  maxBytes: OVERHEAD_BYTES + maxTextBytes(groupId),
  write: (writer) => {
    writer.string(groupId);
    writer.int8(GROUP);
  },
  read: (reader) => {
    const throttleMs = reader.throttleMs();
    const code = reader.int16();
    reader.nullableString(); // the code in words
    if (code !== 0) throw createErrorFromCode(code);
    return { value: reader.int32(), throttleMs };
  },
});
