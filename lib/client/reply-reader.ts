import type { DriverConnection, PartitionReader } from '../driver/driver.js';
import type { ConsumerRecord } from '../driver/record.js';
import type { ReplyAddress } from '../protocol/envelope.js';

/** Where a client reads its answers: one partition of the reply topic, and another one when that is gone. */
export class ReplyReader {
  private constructor(
    private readonly driver: DriverConnection,
    private readonly onRecord: (record: ConsumerRecord) => void,
    private at: ReplyAddress,
    private reader: PartitionReader,
  ) {}

  /** Resolves when the place is known from which answers are read. */
  static async open(
    driver: DriverConnection,
    topic: string,
    onRecord: (record: ConsumerRecord) => void,
  ): Promise<ReplyReader> {
    const address = { topic, partition: anyOf(await driver.partitionCount(topic)) };
    return new ReplyReader(driver, onRecord, address, await read(driver, address, onRecord));
  }

  /** Where answers are to be sent. */
  get address(): ReplyAddress {
    return this.at;
  }

  /** Reads one of so many partitions instead. */
  async move(partitions: number): Promise<void> {
    const address = { topic: this.at.topic, partition: anyOf(partitions) };
    const reader = await read(this.driver, address, this.onRecord);
    const before = this.reader;
    this.at = address;
    this.reader = reader;
    await before.close();
  }
}

const anyOf = (partitions: number): number => Math.floor(Math.random() * partitions);

const read = (
  driver: DriverConnection,
  address: ReplyAddress,
  onRecord: (record: ConsumerRecord) => void,
): Promise<PartitionReader> =>
  driver.readPartition({ ...address, from: 'latest' }, (records) => {
    for (const record of records) onRecord(record);
  });
