import type {
  ConsumerRecord,
  DriverConnection,
  GroupHandler,
  KafkaDriver,
  TopicPartition,
} from 'nestjs-kafka-rpc';

/** How the brokers of a cluster differ. */
export interface Skew {
  leaderOf(partition: TopicPartition): number;
  /** How far the clock that times a partition's records is ahead. */
  skewMs(partition: TopicPartition): number;
}

/** The memory driver as a cluster of several brokers, with a clock each. */
export class SkewedDriver implements KafkaDriver {
  readonly name = 'skewed';

  constructor(
    private readonly inner: KafkaDriver,
    private readonly skew: Skew,
  ) {}

  async connect(options: Parameters<KafkaDriver['connect']>[0]): Promise<DriverConnection> {
    const connection = await this.inner.connect(options);
    const produce = connection.produce.bind(connection);
    const joinGroup = connection.joinGroup.bind(connection);
    connection.leaderOf = (partition) => this.skew.leaderOf(partition);
    connection.produce = async (...args) => {
      const ack = await produce(...args);
      return { ...ack, appendTimeMs: ack.appendTimeMs + this.skew.skewMs(ack) };
    };
    connection.joinGroup = (group, handler) => joinGroup(group, this.skewed(handler));
    return connection;
  }

  private skewed(handler: GroupHandler): GroupHandler {
    const skew = (record: ConsumerRecord): ConsumerRecord => ({
      ...record,
      timestampMs: record.timestampMs + this.skew.skewMs(record),
    });
    const onRecords = (records: readonly ConsumerRecord[]): void => handler.onRecords(records.map(skew));
    return new Proxy(handler, {
      get: (target, name) => (name === 'onRecords' ? onRecords : bound(target, name)),
    });
  }
}

const bound = (target: object, name: string | symbol): unknown => {
  const value: unknown = Reflect.get(target, name);
  return typeof value === 'function' ? (value.bind(target) as unknown) : value;
};
