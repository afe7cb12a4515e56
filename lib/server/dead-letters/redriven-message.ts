import type { ProducerRecord, TopicPartition } from '../../driver/record.js';
import { ByteWriter } from '../../protocol/byte-writer.js';
import { encodeEnvelope } from '../../protocol/envelope.js';
import { encodeMessage } from '../../protocol/message-encoder.js';
import type { DeferredMessage } from '../../protocol/message.js';
import type { Codec } from '../../wire/codec.js';

const MAX_REDRIVEN = 0xffff;

/** The event of a dead letter as a record of its request topic: it runs at once, as if for the first time, and has its history. */
export const redrivenRecord = async (
  codec: Codec,
  sender: Buffer,
  to: TopicPartition,
  message: DeferredMessage,
): Promise<ProducerRecord> => {
  const { serializer, stages } = codec;
  const { contentType } = serializer;
  const envelope = encodeEnvelope({ direction: 'request', sender, contentType, stages, replyTo: null });
  const frames = new ByteWriter();
  encodeMessage(frames, message);
  const target = { direction: 'request', ...to, envelope } as const;
  const isApart = codec.keepsApart(message.pattern);
  const encoded = await codec.encode(frames.finish(), isApart ? { ...target, isApart } : target);
  return { ...to, key: null, value: encoded.value, headers: encoded.headers };
};

/** @param seq one more than of the one before: a sender's messages grow along a partition */
export const redriven = (message: DeferredMessage, seq: number): DeferredMessage => ({
  ...message,
  seq,
  ttlMs: 0,
  sentAtMs: Date.now(),
  dueAtMs: 0,
  runs: 0,
  redriven: Math.min(message.redriven + 1, MAX_REDRIVEN),
});
