import type { ConsumerRecord } from '../../driver/record.js';
import { isRefusalReason } from '../../diagnostics/refusal-reasons.js';
import { decodeFrameList } from '../../protocol/frame-list.js';
import type { DeferredMessage } from '../../protocol/message.js';
import type { Codec } from '../../wire/codec.js';
import { DEAD_LETTER_HEADERS } from './dead-letter.js';
import {
  failedEventOf,
  isGivenUpReason,
  type DeadLetterOrigin,
  type DeadLetterReason,
  type FailedEvent,
} from './failed-event.js';

/** A record of the dead-letter topic, as `KafkaRpcDeadLetters` gives it. */
export interface DeadLetter {
  /** The id of the letter, unique among the dead letters of its service. */
  readonly id: string;
  /** Its position in the dead-letter topic. */
  readonly partition: number;
  readonly offset: bigint;
  /** When it was written, in milliseconds since the epoch, on the broker's clock. */
  readonly writtenAtMs: number;
  readonly reason: DeadLetterReason;
  /** Where the event or record was read. For a refused record this is its server's statement, without proof. */
  readonly origin: DeadLetterOrigin;
  /** The event, with its data and its errors. Undefined for a refused record, and for a letter that this process cannot read. */
  readonly event: FailedEvent | undefined;
}

/** A letter with its message, for `redrive()`. */
export interface ReadLetter {
  readonly letter: DeadLetter;
  readonly message: DeferredMessage | undefined;
}

/** Undefined for a record that is no dead letter. Never rejects: what cannot be read is a letter all the same. */
export const readLetter = async (codec: Codec, record: ConsumerRecord): Promise<ReadLetter | undefined> => {
  const reason = textOf(record, DEAD_LETTER_HEADERS.reason);
  const isGivenUp = isGivenUpReason(reason);
  if (!isGivenUp && !isRefusalReason(reason)) return undefined;
  const message = isGivenUp ? await messageOf(codec, record) : undefined;
  const event = isGivenUp && message ? failedEventOf(codec, message, reason) : undefined;
  const { partition, offset, timestampMs: writtenAtMs } = record;
  const place = { id: `${partition}-${offset}`, partition, offset, writtenAtMs };
  const letter = Object.freeze({ ...place, reason, origin: event?.origin ?? originOf(record), event });
  return { letter, message };
};

/** The text of a header; empty when it is not there, or more than once. */
export const textOf = ({ headers }: ConsumerRecord, name: string): string => {
  const value = headers[name];
  return Buffer.isBuffer(value) ? value.toString() : '';
};

const messageOf = async (codec: Codec, record: ConsumerRecord): Promise<DeferredMessage | undefined> => {
  try {
    const envelope = codec.readEnvelope(record);
    if (envelope.direction !== 'request') return undefined;
    const frames = await codec.decode(record, envelope);
    const [message] = decodeFrameList(frames, () => undefined);
    return message?.kind === 'deferred' ? message : undefined;
  } catch {
    // Another's keys or stages.
    return undefined;
  }
};

const originOf = (record: ConsumerRecord): DeadLetterOrigin =>
  Object.freeze({
    topic: textOf(record, DEAD_LETTER_HEADERS.topic),
    partition: Number(textOf(record, DEAD_LETTER_HEADERS.partition)),
    offset: wholeOf(textOf(record, DEAD_LETTER_HEADERS.offset)),
    timestampMs: Number(textOf(record, DEAD_LETTER_HEADERS.timestampMs)),
  });

const wholeOf = (text: string): bigint => (/^\d{1,19}$/.test(text) ? BigInt(text) : -1n);
