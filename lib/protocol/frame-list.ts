import { RpcError } from '../errors/rpc-error.js';
import { malformed } from './byte-reader.js';
import { decodeMessage } from './message-decoder.js';
import type { Message } from './message.js';

const LENGTH_BYTES = 4;

/**
 * Splits a record's value into its messages.
 *
 * A message that cannot be read is told to `onMalformed` and skipped: its neighbours are good calls. A length that does
 * not fit ends the list, because nothing after it can be trusted.
 */
export const decodeFrameList = (bytes: Buffer, onMalformed: (error: RpcError) => void): Message[] => {
  const messages: Message[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const end = endOfMessage(bytes, offset);
    if (end === undefined) {
      onMalformed(malformed(`the message at byte ${offset} is longer than the record`));
      break;
    }
    const message = tryDecode(bytes.subarray(offset + LENGTH_BYTES, end), onMalformed);
    if (message !== undefined) messages.push(message);
    offset = end;
  }
  return messages;
};

const endOfMessage = (bytes: Buffer, offset: number): number | undefined => {
  if (bytes.length - offset < LENGTH_BYTES) return undefined;
  const end = offset + LENGTH_BYTES + bytes.readUInt32BE(offset);
  return end <= bytes.length ? end : undefined;
};

const tryDecode = (bytes: Buffer, onMalformed: (error: RpcError) => void): Message | undefined => {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    onMalformed(RpcError.from(error));
    return undefined;
  }
};
