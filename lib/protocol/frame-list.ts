import { RpcError } from '../errors/rpc-error.js';
import { ByteReader, malformed } from './byte-reader.js';
import { decodeMessage } from './message-decoder.js';
import type { Message } from './message.js';

const LENGTH_BYTES = 4;

/** One megabyte of zeros is 250,000 malformed messages: an error for each would hold the process for seconds. */
const MAX_MALFORMED = 16;

/**
 * Splits a record's value into its messages.
 *
 * A message that cannot be read is told to `onMalformed` and skipped: its neighbours are good calls. A length that does
 * not fit ends the list, because nothing after it can be trusted, and so does the sixteenth malformed message.
 */
export const decodeFrameList = (bytes: Buffer, onMalformed: (error: RpcError) => void): Message[] => {
  const messages: Message[] = [];
  const reader = new ByteReader(bytes);
  let malformedCount = 0;
  let offset = 0;
  const skip = (error: RpcError): void => {
    malformedCount += 1;
    onMalformed(error);
  };
  while (offset < bytes.length && malformedCount < MAX_MALFORMED) {
    const end = endOfMessage(bytes, offset);
    if (end === undefined) {
      skip(malformed(`the message at byte ${offset} is longer than the record`));
      break;
    }
    reader.window(offset + LENGTH_BYTES, end);
    const message = tryDecode(reader, skip);
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

const tryDecode = (reader: ByteReader, onMalformed: (error: RpcError) => void): Message | undefined => {
  try {
    return decodeMessage(reader);
  } catch (error) {
    onMalformed(RpcError.from(error));
    return undefined;
  }
};
