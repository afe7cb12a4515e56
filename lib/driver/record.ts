/** One partition of one topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A record to send. The caller of `produce` chooses the partition. */
export interface ProducerRecord extends TopicPartition {
  readonly key?: Buffer | null;
  readonly value: Buffer | null;
  /** An array for a header that occurs more than once. */
  readonly headers?: Readonly<Record<string, Buffer | readonly Buffer[]>>;
}

/** A received record. A header that occurs more than once is an array, in record order. */
export interface ConsumerRecord extends TopicPartition {
  readonly offset: bigint;
  /** Milliseconds since the epoch: the broker's append time on topics of type `LogAppendTime`. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | readonly Buffer[]>>;
}
