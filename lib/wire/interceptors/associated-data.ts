import type { WireContext } from '../wire-interceptor.js';

const DIRECTIONS = { request: 1, reply: 2 } as const;

/** Version, direction, partition, and the four lengths. */
const FIXED_BYTES = 14;

/** The context that a stage authenticates in addition to the bytes. */
export interface AssociatedFacts {
  /** Of the stage's layout. */
  readonly version: number;
  /** Which stage: its name with the algorithm. */
  readonly stage: string;
  readonly keyId: string;
}

/**
 * The one form in which a stage authenticates where a record belongs. Every part is of fixed length or has its length
 * before it, so two different records never have the same bytes:
 *
 *     uint8  version
 *     uint8  length, stage        UTF-8
 *     uint8  length, key id       ASCII
 *     uint8  direction            1 request, 2 reply
 *     uint16 length, topic        UTF-8
 *     uint32 partition
 *     uint32 length, envelope     protocol version, sender, reply address or recipient, content type, stages
 *
 * Integers are big-endian. Record headers that other stages add are not part of it.
 */
export const associatedData = (facts: AssociatedFacts, context: WireContext): Buffer => {
  const { envelope, topic, partition } = context;
  const stageBytes = Buffer.byteLength(facts.stage);
  const topicBytes = Buffer.byteLength(topic);
  const bytes = Buffer.allocUnsafe(
    FIXED_BYTES + stageBytes + facts.keyId.length + topicBytes + envelope.length,
  );
  let at = bytes.writeUInt8(facts.version, 0);
  at = bytes.writeUInt8(stageBytes, at);
  at += bytes.write(facts.stage, at, 'utf8');
  at = bytes.writeUInt8(facts.keyId.length, at);
  at += bytes.write(facts.keyId, at, 'latin1');
  at = bytes.writeUInt8(DIRECTIONS[context.direction], at);
  at = bytes.writeUInt16BE(topicBytes, at);
  at += bytes.write(topic, at, 'utf8');
  at = bytes.writeUInt32BE(partition, at);
  at = bytes.writeUInt32BE(envelope.length, at);
  envelope.copy(bytes, at);
  return bytes;
};
