import type { ProducerRecord, TopicPartition } from '../../driver/record.js';
import type { DeferredMessage } from '../../protocol/message.js';
import type { Codec } from '../../wire/codec.js';
import { ownMessageRecord } from '../own-record.js';

const MAX_REDRIVEN = 0xffff;

/** The event of a dead letter as a record of its request topic: it runs at once, as if for the first time, and has its history. */
export const redrivenRecord = async (
  codec: Codec,
  sender: Buffer,
  to: TopicPartition,
  message: DeferredMessage,
): Promise<ProducerRecord> => {
  const { value, headers } = await ownMessageRecord(codec, sender, to, message);
  return { ...to, key: null, value, headers };
};

/** @param seq one more than of the one before: a sender's messages grow along a partition */
export const redriven = (message: DeferredMessage, seq: number): DeferredMessage => ({
  ...message,
  seq,
  // Nobody waits for the answer of a call that was given up: it is run for what it does.
  invokes: 'event',
  ttlMs: 0,
  sentAtMs: Date.now(),
  dueAtMs: 0,
  runs: 0,
  redriven: Math.min(message.redriven + 1, MAX_REDRIVEN),
});
