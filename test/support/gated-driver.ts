import { RpcError, type DriverConnection, type KafkaDriver } from 'nestjs-kafka-rpc';

/** A driver whose attempts to connect the test decides on. */
export class GatedDriver implements KafkaDriver {
  readonly name = 'gate';
  attempts = 0;
  /** Connections that are open. */
  open = 0;
  /** Awaited before the attempt of this number, from 1. */
  readonly before = new Map<number, Promise<unknown>>();

  constructor(private readonly inner: KafkaDriver) {}

  async connect(options: Parameters<KafkaDriver['connect']>[0]): Promise<DriverConnection> {
    this.attempts += 1;
    await this.before.get(this.attempts);
    const connection = await this.inner.connect(options);
    this.open += 1;
    const close = connection.close.bind(connection);
    connection.close = () => {
      this.open -= 1;
      return close();
    };
    return connection;
  }
}

/** What an attempt fails with when no broker answers. */
export const unreachable = (): Promise<never> => {
  const failure = Promise.reject(new RpcError('UNAVAILABLE', 'Nobody answers at broker:9092.'));
  failure.catch(() => undefined);
  return failure;
};
