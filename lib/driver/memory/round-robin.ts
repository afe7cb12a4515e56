import type { TopicPartition } from '../record.js';

/** Someone who wants a share of the partitions of some topics. */
export interface Subscriber {
  readonly topics: readonly string[];
}

/**
 * Deals the partitions out in turn, each to one subscriber of its topic, as Kafka's round-robin assignor does: loads
 * differ by at most one when all subscribe to the same topics. The same input gives the same shares.
 */
export const roundRobin = <S extends Subscriber>(
  subscribers: readonly S[],
  partitions: readonly TopicPartition[],
): ReadonlyMap<S, readonly TopicPartition[]> => {
  const shares = new Map<S, TopicPartition[]>(subscribers.map((subscriber) => [subscriber, []]));
  let turn = 0;
  for (const partition of partitions) {
    const next = nextSubscriber(subscribers, partition.topic, turn);
    if (next === undefined) continue;
    shares.get(subscribers[next] as S)?.push(partition);
    turn = next + 1;
  }
  return shares;
};

const nextSubscriber = (
  subscribers: readonly Subscriber[],
  topic: string,
  from: number,
): number | undefined => {
  for (let step = 0; step < subscribers.length; step++) {
    const index = (from + step) % subscribers.length;
    if (subscribers[index]?.topics.includes(topic)) return index;
  }
  return undefined;
};
