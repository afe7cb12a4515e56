import type { DestinationQueue, TakenRecord } from './destination-queue.js';

/** What Kafka and the wire stages add to a record, at most: lengths, header names, key ids, salts, tags. */
const RECORD_OVERHEAD_BYTES = 256;

/** The road to one broker: one produce request at a time, made of all that waits. */
export class Lane {
  private ready: DestinationQueue[] = [];
  private isBusy = false;

  constructor(
    private readonly maxPartitionBytes: number,
    private readonly ship: (records: readonly TakenRecord[]) => Promise<void>,
  ) {}

  makeReady(queue: DestinationQueue): void {
    if (queue.isReady) return;
    queue.isReady = true;
    this.ready.push(queue);
    if (this.isBusy) return;
    this.isBusy = true;
    // Not now: what else is sent in this turn of the event loop goes into the same request.
    setImmediate(() => void this.run());
  }

  private async run(): Promise<void> {
    while (this.ready.length > 0) await this.ship(this.takeBatch());
    this.isBusy = false;
  }

  /**
   * One request's worth. All records for one partition form one batch in Kafka's eyes, and the broker's limit is on the
   * batch: what exceeds it waits for the next request.
   */
  private takeBatch(): TakenRecord[] {
    const batch: TakenRecord[] = [];
    const partitionBytes = new Map<string, number>();
    const queues = this.ready;
    this.ready = [];
    for (const queue of queues) {
      this.takeFrom(queue, batch, partitionBytes);
      if (queue.isEmpty) queue.isReady = false;
      else this.ready.push(queue);
    }
    return batch;
  }

  private takeFrom(queue: DestinationQueue, batch: TakenRecord[], partitionBytes: Map<string, number>): void {
    const partition = `${queue.to.topic}:${queue.to.partition}`;
    while (!queue.isEmpty) {
      const taken = partitionBytes.get(partition) ?? 0;
      const total = taken + queue.headBytes + queue.to.envelope.length + RECORD_OVERHEAD_BYTES;
      if (taken > 0 && total > this.maxPartitionBytes) return;
      const record = queue.take();
      if (record === undefined) return;
      partitionBytes.set(partition, total);
      batch.push({ queue, record });
    }
  }
}
