/** Kafka's own key hash, so that a key meets the same partition whatever program produced it. */
const MURMUR2_SEED = 0x9747b28c;
const MURMUR2_M = 0x5bd1e995;

/**
 * Which partition of a request topic a call goes to: the one of its key, else the one on which the fewest calls of this
 * client are open. A server that is slow or gone so gets fewer new calls.
 */
export class PartitionChooser {
  private readonly open: Int32Array;
  private next = 0;

  constructor(partitions: number) {
    this.open = new Int32Array(partitions);
  }

  /** Counts one more open call on the partition it returns. */
  choose(key: Buffer | null): number {
    const partition = key === null ? this.leastOpen() : partitionOfKey(key, this.open.length);
    this.open[partition] = (this.open[partition] ?? 0) + 1;
    return partition;
  }

  /** A call on this partition is over. */
  release(partition: number): void {
    this.open[partition] = (this.open[partition] ?? 0) - 1;
  }

  /** Starts one further each time, so that equally loaded partitions take turns. */
  private leastOpen(): number {
    const { open } = this;
    let best = this.next % open.length;
    for (let step = 1; step < open.length; step++) {
      const candidate = (this.next + step) % open.length;
      if ((open[candidate] as number) < (open[best] as number)) best = candidate;
    }
    this.next = (best + 1) % open.length;
    return best;
  }
}

/** @see https://kafka.apache.org/documentation/#producerconfigs_partitioner.class */
export const partitionOfKey = (key: Buffer, partitions: number): number =>
  (murmur2(key) & 0x7fffffff) % partitions;

const murmur2 = (data: Buffer): number => {
  let hash = MURMUR2_SEED ^ data.length;
  const wholeBytes = data.length & ~3;
  for (let i = 0; i < wholeBytes; i += 4) {
    let k = Math.imul(data.readInt32LE(i), MURMUR2_M);
    k ^= k >>> 24;
    hash = Math.imul(hash, MURMUR2_M) ^ Math.imul(k, MURMUR2_M);
  }
  hash = mixTail(hash, data, wholeBytes);
  hash = Math.imul(hash ^ (hash >>> 13), MURMUR2_M);
  return hash ^ (hash >>> 15);
};

const mixTail = (hash: number, data: Buffer, start: number): number => {
  const rest = data.length - start;
  if (rest === 0) return hash;
  let mixed = hash;
  for (let i = rest - 1; i >= 0; i--) mixed ^= (data[start + i] as number) << (8 * i);
  return Math.imul(mixed, MURMUR2_M);
};
