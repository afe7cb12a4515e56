import { encodeEnvelope, type RequestEnvelope } from '../protocol/envelope.js';
import type { Destination } from '../wire/destination-queue.js';
import type { Outbox } from '../wire/outbox.js';
import { PartitionChooser } from './partition-chooser.js';

/** The way from one client connection to one service: a destination per partition, and which one a call takes. */
export class ServiceRoute {
  private destinations: readonly Destination[] = [];
  private envelope: Buffer;
  private readonly chooser: PartitionChooser;

  constructor(
    readonly topic: string,
    private partitions: number,
    envelope: RequestEnvelope,
    outbox: Pick<Outbox, 'isFilling'>,
  ) {
    this.envelope = encodeEnvelope(envelope);
    this.grow(partitions);
    this.chooser = new PartitionChooser(partitions, (partition) =>
      outbox.isFilling(this.destinations[partition] as Destination),
    );
  }

  /** Any place of the service. */
  get anywhere(): Destination {
    return this.destinations[0] as Destination;
  }

  /** Counts one more open call on the destination; `release` when it is over. */
  choose(key: Buffer | null): Destination {
    return this.destinations[this.chooser.choose(key)] as Destination;
  }

  /** Whether the topic still has the partition of this destination. */
  has({ partition }: Destination): boolean {
    return partition < this.partitions;
  }

  /** @param server who answered, if anybody did */
  release({ partition }: Destination, server?: Buffer): void {
    this.chooser.release(partition);
    if (server !== undefined) this.chooser.learn(partition, server);
  }

  /** The topic has so many partitions now. Destinations that stay are the same as before: order rests on it. */
  resize(partitions: number): void {
    this.partitions = partitions;
    this.grow(partitions);
    this.chooser.resize(partitions);
  }

  /** Calls say from now on that their answers go elsewhere. */
  readdress(envelope: RequestEnvelope): void {
    const { length } = this.destinations;
    this.envelope = encodeEnvelope(envelope);
    this.destinations = [];
    this.grow(length);
  }

  private grow(partitions: number): void {
    const { topic, envelope, destinations } = this;
    const added = Array.from({ length: Math.max(0, partitions - destinations.length) }, (_, index) =>
      Object.freeze({
        topic,
        partition: destinations.length + index,
        direction: 'request' as const,
        envelope,
      }),
    );
    this.destinations = [...destinations, ...added];
  }
}
