import type { ConsumerRecord, ProducerRecord, TopicPartition } from '../../driver/record.js';
import type { Codec } from '../../wire/codec.js';
import { ownRecord } from '../own-record.js';

/** What was done with a letter that is not to be listed any more. */
export type Settlement = 'redriven' | 'purged';

/** On a record of the dead-letter topic that says which letters of its partition are settled. */
export const SETTLED_HEADER = 'dead-letter-settled';

/**
 * A record that says so. Kafka takes no single record out of a log: the letters stay until the retention of their topic ends
 * them, and are passed over. The list of their offsets is behind the wire stages: who has no key settles nothing.
 */
export const settledRecord = async (
  codec: Codec,
  sender: Buffer,
  to: TopicPartition,
  settled: { readonly as: Settlement; readonly offsets: readonly bigint[] },
): Promise<ProducerRecord> => {
  const bytes = Buffer.from(JSON.stringify(settled.offsets.map(String)));
  const { value, headers } = await ownRecord(codec, sender, to, { bytes });
  return { ...to, key: null, value, headers: { ...headers, [SETTLED_HEADER]: Buffer.from(settled.as) } };
};

/** Which letters of its partition a record settles; none for any other record, and for one that cannot be trusted. */
export const settledOffsets = async (codec: Codec, record: ConsumerRecord): Promise<readonly bigint[]> => {
  if (!(SETTLED_HEADER in record.headers)) return [];
  try {
    const envelope = codec.readEnvelope(record);
    if (envelope.direction !== 'request') return [];
    const list: unknown = JSON.parse(String(await codec.decode(record, envelope)));
    if (!Array.isArray(list)) return [];
    return list.filter((each) => typeof each === 'string' && /^\d{1,19}$/.test(each)).map(BigInt);
  } catch {
    return [];
  }
};
