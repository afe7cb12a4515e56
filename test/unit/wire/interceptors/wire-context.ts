import { randomBytes } from 'node:crypto';
import type { TopicPartition } from '../../../../lib/driver/record.js';
import { encodeEnvelope, type StagedEnvelope } from '../../../../lib/protocol/envelope.js';
import type { WireContext } from '../../../../lib/wire/wire-interceptor.js';

const sender = Buffer.alloc(16, 1);
const recipient = Buffer.alloc(16, 2);

/** A record's surroundings, as the codec gives them to a stage. */
export const requestContext = (
  topic = 'rpc.sum.requests',
  replyPartition = 3,
  partition = 1,
): WireContext => {
  const replyTo = { topic: 'rpc.replies', partition: replyPartition };
  return contextOf(
    { topic, partition },
    { direction: 'request', sender, contentType: 'msgpack', stages: 'x', replyTo },
  );
};

export const replyContext = (topic = 'rpc.replies', partition = 3): WireContext =>
  contextOf(
    { topic, partition },
    { direction: 'reply', sender, contentType: 'msgpack', stages: 'x', recipient },
  );

const contextOf = (at: TopicPartition, envelope: StagedEnvelope): WireContext => ({
  ...at,
  direction: envelope.direction,
  envelope: encodeEnvelope(envelope),
  headers: {},
});

/** A payload that compresses about as well as business records do. */
export const payloadOf = (bytes: number): Buffer => {
  const rows: string[] = [];
  for (let size = 0, i = 0; size < bytes; i++) {
    const row = JSON.stringify({
      id: i,
      name: `user ${i % 97}`,
      token: randomBytes(12).toString('hex'),
      ok: true,
    });
    rows.push(row);
    size += row.length;
  }
  return Buffer.from(rows.join('')).subarray(0, bytes);
};

/** What a stage refuses a record with. */
export const refusalOf = (decode: () => unknown): { status?: string; message: string; cause?: unknown } => {
  try {
    decode();
  } catch (error) {
    return error as Error & { status?: string };
  }
  throw new Error('It was accepted.');
};
