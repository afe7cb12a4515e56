import { encodeEnvelope, type RequestEnvelope } from '../protocol/envelope.js';
import type { Destination } from '../wire/destination-queue.js';
import type { Outbox } from '../wire/outbox.js';
import { PartitionChooser } from './partition-chooser.js';

/** The way from one client connection to one service: a destination per partition, and which one a call takes. */
export class ServiceRoute {
  private readonly destinations: readonly Destination[];
  private readonly chooser: PartitionChooser;

  constructor(
    readonly topic: string,
    partitions: number,
    envelope: RequestEnvelope,
    outbox: Pick<Outbox, 'isFilling'>,
  ) {
    const bytes = encodeEnvelope(envelope);
    this.destinations = Array.from({ length: partitions }, (_, partition) =>
      Object.freeze({ topic, partition, direction: 'request' as const, envelope: bytes }),
    );
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

  /** @param server who answered, if anybody did */
  release({ partition }: Destination, server?: Buffer): void {
    this.chooser.release(partition);
    if (server !== undefined) this.chooser.learn(partition, server);
  }
}
