import type { TopicPartition } from './record.js';

/** Someone who wants a share of the partitions of some topics, and what of them is in its hands. */
export interface Subscriber {
  readonly topics: readonly string[];
  readonly owned: readonly TopicPartition[];
}

/**
 * Shares out partitions evenly, topic by topic, and leaves with each subscriber what it has, as far as that is even: calls in
 * hand stay where they are. What cannot be split evenly goes to whoever has the least of all topics. The same input gives the
 * same shares.
 */
export const stickyShares = <S extends Subscriber>(
  subscribers: readonly S[],
  partitionsOf: (topic: string) => number,
): ReadonlyMap<S, readonly TopicPartition[]> => {
  const shares = new Map<S, TopicPartition[]>(subscribers.map((subscriber) => [subscriber, []]));
  for (const topic of new Set(subscribers.flatMap(({ topics }) => topics))) {
    const readers = subscribers.filter(({ topics }) => topics.includes(topic));
    new TopicShares(topic, partitionsOf(topic), readers, shares).deal();
  }
  return shares;
};

/** The partitions of one topic, dealt out to those who read it. */
class TopicShares<S extends Subscriber> {
  private readonly free: Set<number>;
  private readonly counts: Map<S, number>;
  /** Everybody gets so many, and the first of them one more. */
  private readonly base: number;
  private extras: number;

  constructor(
    private readonly topic: string,
    partitions: number,
    private readonly readers: readonly S[],
    private readonly shares: ReadonlyMap<S, TopicPartition[]>,
  ) {
    this.free = new Set(Array.from({ length: partitions }, (_, partition) => partition));
    this.counts = new Map(readers.map((reader) => [reader, 0]));
    this.base = Math.floor(partitions / readers.length);
    this.extras = partitions % readers.length;
  }

  deal(): void {
    for (const reader of this.readers) this.keep(reader);
    for (const partition of this.free) this.give(this.poorest(), partition);
  }

  private keep(reader: S): void {
    for (const { topic, partition } of reader.owned) {
      if (topic === this.topic && this.free.has(partition) && this.hasRoom(reader))
        this.give(reader, partition);
    }
  }

  private hasRoom(reader: S): boolean {
    const count = this.countOf(reader);
    return count < this.base || (count === this.base && this.extras > 0);
  }

  private give(reader: S, partition: number): void {
    this.free.delete(partition);
    const count = this.countOf(reader);
    if (count === this.base) this.extras -= 1;
    this.counts.set(reader, count + 1);
    this.shares.get(reader)?.push({ topic: this.topic, partition });
  }

  private poorest(): S {
    return this.readers.reduce((poorest, reader) => (this.isPoorer(reader, poorest) ? reader : poorest));
  }

  private isPoorer(one: S, other: S): boolean {
    const difference = this.countOf(one) - this.countOf(other);
    if (difference !== 0) return difference < 0;
    return (this.shares.get(one)?.length ?? 0) < (this.shares.get(other)?.length ?? 0);
  }

  private countOf(reader: S): number {
    return this.counts.get(reader) ?? 0;
  }
}
