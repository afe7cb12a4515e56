import { KafkaRpcClient, type KafkaRpcClientOptions } from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import { StreamLoad, type StreamReport } from '../support/stream-load.js';
import { CallLoad, type LoadOptions, type LoadReport } from '../support/call-load.js';
import { answerParent, settings } from './parent.js';

/** What a test says of clients in a process of their own. */
export interface ClientSettings extends Omit<KafkaRpcClientOptions, 'driver' | 'service'> {
  readonly brokers: readonly string[];
  /** A client for each. */
  readonly services: readonly string[];
}

interface KeyedCalls {
  readonly keys: readonly string[];
  readonly data?: object;
  readonly timeoutMs?: number;
}

const { brokers, services, ...options } = settings<ClientSettings>();
const clients = services.map(
  (service) => new KafkaRpcClient({ ...options, service, driver: kafkajsDriver({ brokers }) }),
);
let steady: CallLoad[] = [];
let streams: StreamLoad[] = [];

await Promise.all(clients.map((client) => client.connect()));
answerParent({
  /** So many calls of each client, so many at once. */
  run: ({ calls, atOnce, ...load }: { calls: number; atOnce: number } & LoadOptions): Promise<LoadReport[]> =>
    Promise.all(clients.map((client) => new CallLoad(client, load).run(calls, atOnce))),
  /** So many calls a second of each client, until `stop`. */
  start: ({ perSecond, ...load }: { perSecond: number } & LoadOptions): void => {
    const { poissonSeed } = load;
    steady = clients.map((client, at) => {
      // Each client at times of its own.
      const seed = poissonSeed === undefined ? undefined : poissonSeed + at;
      return new CallLoad(client, { ...load, poissonSeed: seed }).start(perSecond);
    });
  },
  /** So many streams of each client at all times, until `stopStreams`. */
  startStreams: ({ atOnce }: { atOnce: number }): void => {
    streams = clients.map((client) => new StreamLoad(client).start(atOnce));
  },
  stopStreams: (): Promise<StreamReport[]> => Promise.all(streams.map((load) => load.stop())),
  answers: () => steady.reduce((sum, load) => sum + load.answers, 0),
  traces: () => steady.flatMap((load) => load.traces),
  stop: (): Promise<LoadReport[]> => Promise.all(steady.map((load) => load.stop())),
  /** One call of the first client for each of these keys, all at once: what they are answered with. */
  keyed: ({ keys, data, timeoutMs = 30_000 }: KeyedCalls): Promise<unknown[]> =>
    Promise.all(
      keys.map(async (idempotencyKey) => {
        const of = { nonce: idempotencyKey, ...data };
        return (await clients[0]!.call('echo', of, { idempotencyKey, timeoutMs })).value;
      }),
    ),
  counters: () => clients.map((client) => client.counters),
  ids: () => clients.map((client) => client.id),
});
