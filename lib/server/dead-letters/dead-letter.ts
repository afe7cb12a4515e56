import type { RefusedRecord } from '../../diagnostics/channels.js';
import { ownBytes } from '../own-bytes.js';
import type { ConsumerRecord, ProducerRecord, TopicPartition } from '../../driver/record.js';

/** What a dead letter says of the record that it holds, beside that record's own headers. UTF-8. */
export const DEAD_LETTER_HEADERS = {
  reason: 'dead-letter-reason',
  topic: 'dead-letter-topic',
  partition: 'dead-letter-partition',
  offset: 'dead-letter-offset',
  /** The append time of the record, in milliseconds since the epoch. */
  timestampMs: 'dead-letter-timestamp-ms',
  /** These are of failed events alone. */
  status: 'dead-letter-status',
  attempts: 'dead-letter-attempts',
  /** How often it was taken back from here before. */
  redriven: 'dead-letter-redriven',
  /** The last three only where no wire stage may be there to hide them. */
  pattern: 'dead-letter-pattern',
  firstError: 'dead-letter-first-error',
  lastError: 'dead-letter-last-error',
} as const;

const EMPTY = Buffer.alloc(0);

/**
 * A refused record as a dead letter: key, value and headers as they came, with the reason and the origin. What a sender wrote into
 * headers of these names is replaced. What waits for the broker keeps nothing of the fetch that brought it.
 */
export const deadLetterOf = (
  record: ConsumerRecord,
  { reason }: Pick<RefusedRecord, 'reason'>,
  to: TopicPartition,
): ProducerRecord => ({
  ...to,
  key: record.key && ownBytes(record.key),
  value: record.value && ownBytes(record.value),
  headers: {
    // Kafka knows headers without a value, and kafkajs cannot write them.
    ...mapValues(record.headers, ownHeader),
    [DEAD_LETTER_HEADERS.reason]: Buffer.from(reason),
    [DEAD_LETTER_HEADERS.topic]: Buffer.from(record.topic),
    [DEAD_LETTER_HEADERS.partition]: Buffer.from(String(record.partition)),
    [DEAD_LETTER_HEADERS.offset]: Buffer.from(String(record.offset)),
    [DEAD_LETTER_HEADERS.timestampMs]: Buffer.from(String(record.timestampMs)),
  },
});

const ownHeader = (value: Buffer | readonly Buffer[] | null): Buffer | readonly Buffer[] => {
  if (value === null) return EMPTY;
  return Buffer.isBuffer(value) ? ownBytes(value) : value.map(ownBytes);
};

/** `fromEntries` defines even a header called `__proto__` as an own property. */
const mapValues = <T, U>(values: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));

const FIELD_BYTES = 8;

/** What a letter takes of a batch, near enough. */
export const letterBytes = ({ key, value, headers = {} }: ProducerRecord): number => {
  let bytes = FIELD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, values] of Object.entries(headers)) {
    for (const one of Buffer.isBuffer(values) ? [values] : values)
      bytes += FIELD_BYTES + name.length + one.length;
  }
  return bytes;
};
