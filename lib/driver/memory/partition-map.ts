import type { TopicPartition } from '../record.js';

/** A topic's name holds no slash. */
const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/** A map from partitions, equal by topic and number, in the order in which they came. */
export class PartitionMap<V> {
  private readonly entries = new Map<string, V>();

  get(partition: TopicPartition): V | undefined {
    return this.entries.get(keyOf(partition));
  }

  has(partition: TopicPartition): boolean {
    return this.entries.has(keyOf(partition));
  }

  set(partition: TopicPartition, value: V): void {
    this.entries.set(keyOf(partition), value);
  }

  delete(partition: TopicPartition): void {
    this.entries.delete(keyOf(partition));
  }

  values(): V[] {
    return [...this.entries.values()];
  }
}
