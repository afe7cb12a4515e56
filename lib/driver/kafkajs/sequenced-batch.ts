import type { RpcError } from '../../errors/rpc-error.js';
import type { Acks, ProduceAck } from '../driver.js';
import type { ProducerRecord, TopicPartition } from '../record.js';
import type { PendingBatch } from './pending-batch.js';
import type { ProducerId } from './requests/init-producer-id.js';
import type { ProduceBatch, ProducedPartition } from './requests/produce.js';
import type { BatchSequence } from './requests/record-batch.js';

/** Sequences are of 31 bits, and begin again at 0. */
const SEQUENCE_MASK = 0x7fff_ffff;

/**
 * What stands in the log as one batch: what was asked for in one go. It keeps its records however often it is sent, because
 * the broker knows a repeated batch by its sequence alone.
 */
export class SequencedBatch implements ProduceBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly ProducerRecord[];
  readonly acks: Acks;
  sequence: BatchSequence | undefined;
  /** Set from the first attempt on whose answer does not say that nothing was appended. */
  mayBeAppended = false;
  isAppended = false;
  /** Why the last attempt failed. */
  error: unknown;

  constructor(readonly pending: readonly [PendingBatch, ...PendingBatch[]]) {
    const [first] = pending;
    this.topic = first.topic;
    this.partition = first.partition;
    this.acks = first.options.acks;
    this.records = pending.length === 1 ? first.records : pending.flatMap(({ records }) => records);
  }

  get bytes(): number {
    return this.pending.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Whether nobody waits for it any more. */
  get isOver(): boolean {
    return this.pending.every(({ isSettled }) => isSettled);
  }

  /** The sequence of what comes next. */
  get sequenceBehind(): number {
    return ((this.sequence?.first ?? 0) + this.records.length) & SEQUENCE_MASK;
  }

  /** @returns the sequence of what comes next. */
  assign({ producerId, epoch }: ProducerId, first: number): number {
    this.sequence = { producerId, epoch, first };
    return this.sequenceBehind;
  }

  /** Whether it was last sent under this id and epoch. */
  isOf(id: ProducerId | undefined): boolean {
    return this.sequence?.producerId === id?.producerId && this.sequence?.epoch === id?.epoch;
  }

  /** The broker has it: all that was asked for is told where it stands. */
  acknowledge({ topic, partition, baseOffset, appendTimeMs }: AppendedBatch, throttleMs?: number): void {
    this.isAppended = true;
    let offset = baseOffset;
    for (const each of this.pending) {
      const ack: ProduceAck = { topic, partition, baseOffset: offset, appendTimeMs, throttleMs };
      if (!each.isSettled) each.acknowledge(ack);
      if (offset >= 0n) offset += BigInt(each.records.length);
    }
  }

  fail(error: RpcError): void {
    for (const each of this.pending) if (!each.isSettled) each.fail(error);
  }

  delay(reason: RpcError): void {
    for (const each of this.pending) each.delay(reason);
  }

  expire(nowMs: number, reason: RpcError | undefined): void {
    for (const each of this.pending) each.expire(nowMs, reason);
  }
}

type AppendedBatch = Omit<ProducedPartition, 'error'>;

/** The broker takes batches in order only: what stands before one that it took, it has too. */
export const acknowledgeBeforeAppended = (
  batches: readonly SequencedBatch[],
  { topic, partition }: TopicPartition,
): void => {
  const last = batches.findLastIndex(({ isAppended }) => isAppended);
  for (const batch of batches.slice(0, Math.max(0, last))) {
    if (!batch.isAppended) batch.acknowledge({ topic, partition, baseOffset: -1n, appendTimeMs: -1 });
  }
};
