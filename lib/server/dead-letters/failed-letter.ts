import type { ProducerRecord, TopicPartition } from '../../driver/record.js';
import type { DeferredMessage } from '../../protocol/message.js';
import type { Codec } from '../../wire/codec.js';
import { ownMessageRecord } from '../own-record.js';
import type { GivenUpReason } from './failed-event.js';
import { DEAD_LETTER_HEADERS } from './dead-letter.js';

/**
 * A failed event as a dead letter: one message, with its history, behind the wire stages of this server.
 *
 * What the stages may be there to hide stands in no header: with stages, key, pattern and texts are in the message alone.
 * @param sender this server's id
 */
export const failedLetter = async (
  codec: Codec,
  sender: Buffer,
  to: TopicPartition,
  { message, reason }: { readonly message: DeferredMessage; readonly reason: GivenUpReason },
): Promise<ProducerRecord> => {
  const { value, headers } = await ownMessageRecord(codec, sender, to, message);
  const isOpen = codec.stages === '';
  return {
    topic: to.topic,
    partition: to.partition,
    key: isOpen ? message.key : null,
    value,
    headers: { ...headers, ...bytesOf(factsOf(message, reason)), ...(isOpen && bytesOf(textsOf(message))) },
  };
};

const factsOf = (
  { origin, lastError, runs, redriven }: DeferredMessage,
  reason: GivenUpReason,
): Record<string, string> => ({
  [DEAD_LETTER_HEADERS.reason]: reason,
  [DEAD_LETTER_HEADERS.status]: lastError?.status ?? '',
  [DEAD_LETTER_HEADERS.attempts]: String(runs),
  [DEAD_LETTER_HEADERS.redriven]: String(redriven),
  [DEAD_LETTER_HEADERS.topic]: origin?.topic ?? '',
  [DEAD_LETTER_HEADERS.partition]: String(origin?.partition),
  [DEAD_LETTER_HEADERS.offset]: String(origin?.offset),
  [DEAD_LETTER_HEADERS.timestampMs]: String(origin?.timestampMs),
});

const textsOf = ({ pattern, firstError, lastError }: DeferredMessage): Record<string, string> => ({
  [DEAD_LETTER_HEADERS.pattern]: pattern,
  [DEAD_LETTER_HEADERS.firstError]: firstError?.message ?? '',
  [DEAD_LETTER_HEADERS.lastError]: lastError?.message ?? '',
});

const bytesOf = (texts: Readonly<Record<string, string>>): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]));
