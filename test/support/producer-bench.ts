import type { ProduceAck, ProduceOptions } from '../../lib/driver/driver.js';
import { Producer } from '../../lib/driver/kafkajs/producer.js';
import type { ProducerRecord } from '../../lib/driver/record.js';
import { PlayedBroker, type Fault } from './played-broker.js';

export const orders = (text: string, partition = 0): ProducerRecord => ({
  topic: 'orders',
  partition,
  value: Buffer.from(text),
});

/** A producer of kafkajs' driver over a broker that is played. */
export class ProducerBench {
  readonly broker = new PlayedBroker();
  readonly warnings: string[] = [];
  readonly closing = new AbortController();
  /** Of every topic; undefined where it may not be asked for. */
  maxMessageBytes: Promise<number | undefined> = Promise.resolve(undefined);
  readonly producer = new Producer({
    link: this.broker.asLink(),
    log: { warn: (line) => void this.warnings.push(line) },
    closing: this.closing.signal,
    limitOf: () => this.maxMessageBytes,
    random: () => 0,
  });

  produce(text: string, partition = 0, options: Partial<ProduceOptions> = {}): Promise<ProduceAck> {
    const outcome = this.producer.produce([orders(text, partition)], { acks: -1, ...options });
    outcome.catch(() => undefined);
    return outcome;
  }

  /** Has the broker know the producer, so that more than one batch may be in flight. */
  async warm(...partitions: number[]): Promise<void> {
    for (const partition of partitions) {
      await this.produce('first', partition);
      this.log(partition).splice(0);
    }
    this.broker.received.splice(0);
    this.broker.requests.splice(0);
  }

  /** What stands in a partition. */
  log(partition = 0): string[] {
    return this.broker.log('orders', partition);
  }

  /** One fault for the first batch that has this text, nothing after. */
  once(text: string, fault: Fault): void {
    let isDone = false;
    this.broker.fault = ({ texts }) => {
      if (isDone || !texts.includes(text)) return undefined;
      isDone = true;
      return fault;
    };
  }
}
