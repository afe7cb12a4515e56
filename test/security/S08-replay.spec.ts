import { randomBytes } from 'node:crypto';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  encryption,
  keyring,
  verification,
  type ConsumerRecord,
  type DriverConnection,
  type KafkaRpcClient,
  type KafkaRpcServer,
  type WireInterceptor,
} from 'nestjs-kafka-rpc';
import { connectRaw } from '../support/raw-records.js';
import { RpcCluster, type RunningApp } from '../support/rpc-cluster.js';
import { turns, until } from '../support/until.js';

const TIMEOUT_MS = 10_000;
const CLOCK_ERROR_MS = 60_000;
const keys = keyring({ current: 'k1', keys: { k1: randomBytes(32) } });

const STAGES: readonly [string, () => WireInterceptor][] = [
  ['encryption', () => encryption({ keyring: keys })],
  ['verification', () => verification({ keyring: keys })],
];

describe.each(STAGES)('S8, replay, reflection, cross-topic, with %s', (_name, stage) => {
  let runs: unknown[];
  let cluster: RpcCluster;
  let running: RunningApp;
  let server: KafkaRpcServer;
  let client: KafkaRpcClient;
  let raw: DriverConnection;
  let requests: ConsumerRecord[];
  let replies: ConsumerRecord[];
  let timePassedMs = 0;

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
  }

  const serve = async (): Promise<void> => {
    running = await cluster.serve(
      { controllers: [SumController] },
      { service: ['sum', 'audit'], partitions: 2, replyPartitions: 1, interceptors: [stage()] },
    );
    server = running.server;
  };

  beforeEach(async () => {
    [runs, requests, replies] = [[], [], []];
    timePassedMs = 0;
    cluster = new RpcCluster({ now: () => Date.now() + timePassedMs });
    await serve();
    client = cluster.client({ interceptors: [stage()], timeoutMs: TIMEOUT_MS });
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    await client.connect();
    const into = (records: ConsumerRecord[]) => (read: readonly ConsumerRecord[]) =>
      void records.push(...read);
    const topic = 'rpc.sum.requests';
    for (const partition of [0, 1])
      await raw.readPartition({ topic, partition, from: 'latest' }, into(requests));
    await raw.readPartition({ topic: 'rpc.replies', partition: 0, from: 'latest' }, into(replies));
  });

  afterEach(() => cluster.close());

  const append = async (
    record: ConsumerRecord,
    place: Partial<Pick<ConsumerRecord, 'topic' | 'partition'>> = {},
  ): Promise<void> => {
    const { topic, partition, value } = record;
    const headers = record.headers as Record<string, Buffer>;
    await raw.produce([{ topic, partition, ...place, value, headers }], { acks: -1 });
  };

  const captured = async (data: unknown, key?: string): Promise<ConsumerRecord> => {
    const before = requests.length;
    expect((await client.call('sum.add', data, { key })).value).toEqual(data);
    await until(() => requests.length > before);
    return requests.at(-1)!;
  };

  const restart = async (): Promise<void> => {
    await running.app.close();
    await serve();
  };

  /** What comes behind what was appended to a partition, with which all of it was seen. */
  const passBy = async (key: string): Promise<void> => {
    await client.call('sum.add', 'passing by', { key });
    await turns();
    runs = runs.filter((run) => run !== 'passing by');
  };

  it('runs a call once, however often its bytes are appended', async () => {
    const request = await captured('a', 'k');
    for (let i = 0; i < 20; i++) await append(request);
    await until(() => server.counters.callsReplayed === 20);
    await passBy('k');
    expect(runs).toEqual(['a']);
    expect(server.counters.recordsRefused).toBe(0);
  });

  it('runs an event once, too', async () => {
    client.emit('sum.done', 'e');
    await until(() => runs.length === 1 && requests.length === 1);
    for (let i = 0; i < 20; i++) await append(requests[0]!);
    await until(() => server.counters.callsReplayed === 20);
    expect(runs).toEqual(['e']);
  });

  it('runs no call a second time when its time is over, though nobody remembers it', async () => {
    const request = await captured('a');
    timePassedMs = TIMEOUT_MS + CLOCK_ERROR_MS + 1_000;
    await restart();
    await append(request);
    await until(() => server.counters.callsStale === 1);
    expect(runs).toEqual(['a']);
  });

  it('runs no call a second time at a server that has heard of its sender since', async () => {
    const request = await captured('a', 'k');
    await restart();
    await passBy('k');
    await append(request);
    await until(() => server.counters.callsReplayed === 1);
    expect(runs).toEqual(['a']);
  });

  it('refuses a call in another topic', async () => {
    await append(await captured('a'), { topic: 'rpc.audit.requests' });
    await until(() => server.counters.recordsRefused === 1);
    expect(runs).toEqual(['a']);
  });

  it('refuses a call in another partition of its topic', async () => {
    const request = await captured('a');
    await append(request, { partition: 1 - request.partition });
    await until(() => server.counters.recordsRefused === 1);
    expect(runs).toEqual(['a']);
  });

  it('takes no request for a reply, and no reply for a request', async () => {
    const request = await captured('a');
    await until(() => replies.length === 1);
    await append(request, { topic: 'rpc.replies', partition: 0 });
    await append(replies[0]!, request);
    await until(() => server.counters.recordsRefused === 1);
    expect((await client.call('sum.add', 'b')).value).toBe('b');
    expect(runs).toEqual(['a', 'b']);
  });

  it('goes on with the calls of the sender as if nothing had been', async () => {
    const request = await captured(-1);
    const values = Array.from({ length: 200 }, (_, i) => i);
    const calls = values.map(async (value) => {
      await append(request);
      return (await client.call('sum.add', value)).value;
    });
    expect(await Promise.all(calls)).toEqual(values);
    expect(runs).toHaveLength(201);
  });
});
