import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import type {
  ConsumerRecord,
  DriverConnection,
  KafkaDriver,
  KafkaRpcClient,
  KafkaRpcServerOptions,
} from 'nestjs-kafka-rpc';
import { lastValueFrom, NEVER, startWith, type Observable } from 'rxjs';
import { RECORD_KINDS } from '../../support/checked-stages.js';
import { connectRaw } from '../../support/raw-records.js';
import { RpcCluster, type RunningApp } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const TOPIC = 'rpc.sum.requests';

describe.each(RECORD_KINDS)('a call that stands twice in the log, with %s records', (what, interceptors) => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let raw: DriverConnection;
  let requests: ConsumerRecord[];
  let runs: unknown[];

  @Controller()
  class SumController {
    @MessagePattern('sum.add')
    add(@Payload() data: unknown): unknown {
      runs.push(data);
      return data;
    }

    @EventPattern('sum.done')
    done(@Payload() data: unknown): void {
      runs.push(data);
    }

    @MessagePattern('sum.open')
    open(@Payload() data: unknown): Observable<unknown> {
      runs.push(data);
      return NEVER.pipe(startWith(data));
    }
  }

  beforeEach(async () => {
    cluster = new RpcCluster();
    runs = [];
    requests = [];
    client = cluster.client({ partitions: 1, interceptors: interceptors() });
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
  });

  afterEach(() => cluster.close());

  const serve = async (options: Partial<KafkaRpcServerOptions> = {}): Promise<RunningApp> => {
    const running = await cluster.serve(
      { controllers: [SumController] },
      { partitions: 1, gracePeriodMs: 50, interceptors: interceptors(), ...options },
    );
    if (requests.length === 0) await listenIn();
    return running;
  };

  const listenIn = async (): Promise<void> => {
    await raw.readPartition({ topic: TOPIC, partition: 0, from: 0n }, (records) => requests.push(...records));
  };

  /** Appends what stands in the log once more. */
  const appendAgain = async (some: (record: ConsumerRecord) => boolean = () => true): Promise<number> => {
    await turns();
    const again = requests.filter(some);
    for (const { topic, partition, value, headers } of again)
      await raw.produce([{ topic, partition, value, headers: headers as Record<string, Buffer> }], {
        acks: -1,
      });
    return again.length;
  };

  const repeated = ({ server }: RunningApp): number =>
    server.counters.callsRepeated + server.counters.callsReplayed;

  it('runs once though the server that ran it has closed, and another reads it again', async () => {
    const first = await serve();
    await client.call('sum.add', 'a');
    await lastValueFrom(client.emit('sum.done', 'e'), { defaultValue: null });
    await until(() => runs.length === 2);
    await first.app.close();
    const second = await serve();
    await appendAgain();
    await until(() => repeated(second) === 2);
    await client.call('sum.add', 'last');
    expect(runs).toEqual(['a', 'e', 'last']);
  });

  it('runs once though its partition was lost between, to whoever', async () => {
    const running = await serve({ commitIntervalMs: 1 });
    await client.call('sum.add', 'a');
    await new Promise((resolve) => setTimeout(resolve, 50));
    cluster.driver.killMember('rpc.sum', 0);
    await client.call('sum.add', 'b');
    await appendAgain();
    await until(() => repeated(running) === 2);
    expect(runs).toEqual(['a', 'b']);
  });

  it('runs once though it was finished above the commit, behind an open stream', async () => {
    const first = await serve();
    const stream = client.send('sum.open', 'stream').subscribe({ error: () => undefined });
    await until(() => runs.length === 1);
    await client.call('sum.add', 'a');
    await turns();
    const finished = requests.at(-1);
    await first.app.close();
    const second = await serve();
    await until(() => runs.length === 3);
    await appendAgain((record) => record === finished);
    await until(() => repeated(second) === 1);
    expect(runs).toEqual(['stream', 'a', 'stream']);
    stream.unsubscribe();
  });

  it('runs once each though 1,000 of them moved before they came again', async () => {
    const first = await serve();
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => client.call('sum.add', i)));
    await first.app.close();
    const second = await serve();
    await appendAgain();
    await until(() => repeated(second) === 1_000);
    expect(runs).toHaveLength(1_000);
  });

  it('lets all that is new run, before and behind it', async () => {
    const first = await serve();
    await client.call('sum.add', 'a');
    await first.app.close();
    const waiting = client.call('sum.add', 'b');
    await turns();
    const second = await serve();
    expect((await waiting).value).toBe('b');
    expect((await client.call('sum.add', 'c')).value).toBe('c');
    expect(second.server.counters).toMatchObject({ callsRepeated: 0, callsReplayed: 0 });
    expect(runs).toEqual(['a', 'b', 'c']);
  });

  it('runs again where nothing is to be remembered', async () => {
    const options = { duplicateWindow: { ttlMs: 0 } };
    const first = await serve(options);
    await client.call('sum.add', 'a');
    await first.app.close();
    await serve(options);
    await appendAgain();
    await until(() => runs.length === 2);
    expect(runs).toEqual(['a', 'a']);
  });

  if (what === 'plain')
    it('does not hold up others for long when the log cannot be looked into', async () => {
      const first = await serve();
      await client.call('sum.add', 'a');
      await first.app.close();
      const blind = blindDriver(cluster.driver);
      await serve({ driver: blind.driver });
      expect((await client.call('sum.add', 'b')).value).toBe('b');
      expect(blind.asked()).toBeGreaterThan(0);
    });
});

/** One whose reads of request topics, beside the group's, bring nothing. */
const blindDriver = (inner: KafkaDriver) => {
  let asked = 0;
  const driver: KafkaDriver = {
    name: 'blind',
    connect: async (options) => {
      const connection = await inner.connect(options);
      const read = connection.readPartition.bind(connection);
      connection.readPartition = async (place, onRecords) => {
        if (place.topic !== TOPIC || typeof place.from !== 'bigint') return read(place, onRecords);
        asked += 1;
        return read({ ...place, from: 'latest' }, () => undefined);
      };
      return connection;
    },
  };
  return { driver, asked: () => asked };
};
