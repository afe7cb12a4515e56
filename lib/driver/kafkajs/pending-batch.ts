import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import {
  DEFAULT_PRODUCE_TIMEOUT_MS,
  type BatchPlace,
  type ProduceAck,
  type ProduceOptions,
} from '../driver.js';
import type { ProducerRecord, TopicPartition } from '../record.js';
import { maxBatchBytes } from './requests/record-batch.js';

/** What one `produce()` asked for, until its outcome is known. */
export class PendingBatch implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** No less than the records take as a batch. */
  readonly bytes: number;
  readonly outcome: Promise<ProduceAck>;
  private readonly expiresAtMs: number;
  private isDelayed = false;
  private isOver = false;
  private resolve!: (ack: ProduceAck) => void;
  private reject!: (error: RpcError) => void;

  /** @throws RpcError `INVALID_ARGUMENT` for no records, and those of several partitions. */
  constructor(
    readonly records: readonly ProducerRecord[],
    readonly options: ProduceOptions,
    nowMs: number,
  ) {
    const { topic, partition } = checkOnePartition(records);
    this.topic = topic;
    this.partition = partition;
    this.bytes = maxBatchBytes(records);
    this.expiresAtMs = nowMs + (options.timeoutMs ?? DEFAULT_PRODUCE_TIMEOUT_MS);
    this.outcome = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get isSettled(): boolean {
    return this.isOver;
  }

  acknowledge(ack: ProduceAck): void {
    this.isOver = true;
    this.resolve(ack);
  }

  fail(error: RpcError): void {
    this.isOver = true;
    this.reject(error);
  }

  /** Tells whoever asked that it takes longer, and why. */
  delay(reason: RpcError): void {
    if (this.isDelayed || this.isOver) return;
    this.isDelayed = true;
    this.options.onDelayed?.(reason);
  }

  /** Fails it if its time is over. @param reason why it is not appended yet, as far as that is known */
  expire(nowMs: number, reason: RpcError | undefined): void {
    if (!this.isOver && nowMs >= this.expiresAtMs) this.fail(reason ?? this.notInTime());
  }

  private notInTime(): RpcError {
    const { topic, partition } = this;
    const text = `The broker did not take a batch for ${topic}[${partition}] in time: it may be slow, or throttle this client.`;
    return new RpcError(RpcStatus.UNAVAILABLE, text);
  }
}

/** What whoever asked for a batch wants in its place, as it is too large. Never rejects. */
export const batchesInstead = async (
  { options }: PendingBatch,
  error: RpcError,
  now: () => number,
): Promise<readonly PendingBatch[]> => {
  const instead: PendingBatch[] = [];
  const produce: BatchPlace['produce'] = async (records, itsOptions) => {
    const pending = new PendingBatch(records, itsOptions, now());
    instead.push(pending);
    return pending.outcome;
  };
  await Promise.resolve(options.onTooLarge?.({ produce }, error)).catch(() => undefined);
  return instead;
};

const checkOnePartition = (records: readonly ProducerRecord[]): TopicPartition => {
  const [first] = records;
  const isOne = records.every((each) => each.topic === first?.topic && each.partition === first.partition);
  if (first !== undefined && isOne) return first;
  throw new RpcError(
    RpcStatus.INVALID_ARGUMENT,
    'A batch has at least one record, and only those of one partition: call produce() once for each partition.',
  );
};
