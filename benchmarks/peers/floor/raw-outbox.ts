import type { Packing } from './packing.js';
import type { RawKafka } from './raw-kafka.js';

/** One produce request at a time; what arrives meanwhile goes with the next. One record at a time would be a straw man. */
export class RawOutbox {
  private waiting = new Map<number, Buffer[]>();
  private isBusy = false;

  constructor(
    private readonly kafka: RawKafka,
    private readonly topic: string,
    private readonly packing: Packing,
  ) {}

  send(partition: number, message: Buffer): void {
    const messages = this.waiting.get(partition);
    if (messages === undefined) this.waiting.set(partition, [message]);
    else messages.push(message);
    if (this.isBusy) return;
    this.isBusy = true;
    setImmediate(() => void this.run());
  }

  private async run(): Promise<void> {
    while (this.waiting.size > 0) {
      const taken = this.waiting;
      this.waiting = new Map();
      const batches = [...taken].map(([partition, messages]) => ({
        partition,
        values: this.packing.pack(messages),
      }));
      await this.kafka.produce(this.topic, batches);
    }
    this.isBusy = false;
  }
}
