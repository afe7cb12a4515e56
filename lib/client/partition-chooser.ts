import { isSameInstance } from '../protocol/instance-id.js';

/** Kafka's own key hash, so that a key meets the same partition whatever program produced it. */
const MURMUR2_SEED = 0x9747b28c;
const MURMUR2_M = 0x5bd1e995;

/**
 * Which partition of a request topic a call goes to: the one of its key, else one of the server with the fewest calls of this
 * client open. A server that is slow or gone so gets fewer new calls.
 *
 * Which server reads which partitions is learned from answers; a partition that has not answered yet is taken for a server's
 * only one. Calls that leave together go to one partition of a server: they share a record, and each record costs both sides.
 * From record to record all of a server's partitions are used in turn, so that one which moves is soon known to have moved.
 */
export class PartitionChooser {
  /** By partition, those that are gone included: calls may still be open there. */
  private open = new Int32Array(0);
  private readonly shares: Share[] = [];
  private readonly shareOf: Share[] = [];
  private partitions = 0;
  private next = 0;

  /** @param isFilling whether a record waits for the partition that could take more */
  constructor(
    partitions: number,
    private readonly isFilling: (partition: number) => boolean,
  ) {
    this.resize(partitions);
  }

  /** The topic has so many partitions now: those that are gone get no more calls. */
  resize(partitions: number): void {
    if (partitions > this.open.length) {
      const open = new Int32Array(partitions);
      open.set(this.open);
      this.open = open;
    }
    for (let added = this.partitions; added < partitions; added++) this.join(added, this.newShare());
    for (let gone = partitions; gone < this.partitions; gone++) this.leave(gone, new Share([]));
    this.partitions = partitions;
  }

  /** Counts one more open call on the partition it returns. */
  choose(key: Buffer | null): number {
    const partition = key === null ? this.leastOpen() : partitionOfKey(key, this.partitions);
    this.count(partition, 1);
    return partition;
  }

  /** A call on this partition is over. */
  release(partition: number): void {
    this.count(partition, -1);
  }

  /** A call on this partition was answered by this server. */
  learn(partition: number, server: Buffer): void {
    const known = this.shareOf[partition] as Share;
    if (isSameInstance(known.server, server) || partition >= this.partitions) return;
    const share = this.shares.find((other) => isSameInstance(other.server, server)) ?? this.newShare(server);
    this.leave(partition, share);
    this.join(partition, share);
  }

  private join(partition: number, share: Share): void {
    share.add(partition, this.open[partition] as number);
    this.shareOf[partition] = share;
  }

  /** @param next what the partition is counted in from now on */
  private leave(partition: number, next: Share): void {
    const share = this.shareOf[partition] as Share;
    share.remove(partition, this.open[partition] as number);
    this.shareOf[partition] = next;
    if (share.partitions.length === 0) this.shares.splice(this.shares.indexOf(share), 1);
  }

  private count(partition: number, change: 1 | -1): void {
    this.open[partition] = (this.open[partition] as number) + change;
    (this.shareOf[partition] as Share).open += change;
  }

  private newShare(server?: Buffer): Share {
    const share = new Share([], server);
    this.shares.push(share);
    return share;
  }

  /** Starts one further each time, so that equally loaded servers take turns. */
  private leastOpen(): number {
    const { shares } = this;
    let best = this.next % shares.length;
    for (let step = 1; step < shares.length; step++) {
      const candidate = (this.next + step) % shares.length;
      if ((shares[candidate] as Share).open < (shares[best] as Share).open) best = candidate;
    }
    this.next = (best + 1) % shares.length;
    return (shares[best] as Share).take(this.open, this.isFilling);
  }
}

/** The partitions that one server reads, as far as its answers have told. */
class Share {
  /** Calls of this client that are open on them. */
  open = 0;
  private current = -1;

  constructor(
    readonly partitions: number[],
    readonly server?: Buffer,
  ) {}

  add(partition: number, open: number): void {
    this.partitions.push(partition);
    this.open += open;
  }

  remove(partition: number, open: number): void {
    this.partitions.splice(this.partitions.indexOf(partition), 1);
    this.open -= open;
    this.current = -1;
  }

  /** The last one while its record is filled, then the next with the fewest open. */
  take(open: Int32Array, isFilling: (partition: number) => boolean): number {
    const last = this.partitions[this.current];
    if (last !== undefined && isFilling(last)) return last;
    this.current = this.nextOf(open);
    return this.partitions[this.current] as number;
  }

  private nextOf(open: Int32Array): number {
    const { partitions } = this;
    const openAt = (index: number): number => open[partitions[index] as number] as number;
    let best = (this.current + 1) % partitions.length;
    for (let step = 2; step <= partitions.length; step++) {
      const candidate = (this.current + step) % partitions.length;
      if (openAt(candidate) < openAt(best)) best = candidate;
    }
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
