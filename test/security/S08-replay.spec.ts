import { randomBytes } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';
import { Controller, Logger } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  encryption,
  keyring,
  verification,
  type ConsumerRecord,
  type DriverConnection,
  type KafkaRpcClient,
  type KafkaRpcServer,
  type KafkaRpcServerOptions,
  type RefusedRecord,
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

  const serve = async (options: Partial<KafkaRpcServerOptions> = {}): Promise<void> => {
    running = await cluster.serve(
      { controllers: [SumController] },
      { service: ['sum', 'audit'], partitions: 2, replyPartitions: 1, interceptors: [stage()], ...options },
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

  const restart = async (options: Partial<KafkaRpcServerOptions> = {}): Promise<void> => {
    await running.app.close();
    await serve(options);
  };

  /** What the channel, the log and the dead-letter topic hear from now on. */
  const listen = async () => {
    const heard = {
      published: [] as RefusedRecord[],
      lines: [] as string[],
      letters: [] as ConsumerRecord[],
    };
    const publish = (refused: unknown): void => void heard.published.push(refused as RefusedRecord);
    const refusals = channel('nestjs-kafka-rpc:refused');
    refusals.subscribe(publish);
    cluster.onClose(async () => refusals.unsubscribe(publish));
    const quiet = (): void => undefined;
    const warn = (line: unknown): void => void heard.lines.push(String(line));
    Logger.overrideLogger({ log: quiet, error: quiet, debug: quiet, warn });
    for (const partition of [0, 1]) {
      const place = { topic: 'rpc.sum.dead-letters', partition, from: 0n } as const;
      await raw.readPartition(place, (read) => void heard.letters.push(...read));
    }
    return heard;
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
    expect(server.counters).toMatchObject({ recordsRefused: 0, deadLetters: 0 });
    expect(server.counters.refusals.replay).toBe(20);
  });

  it('runs an event once, too', async () => {
    client.emit('sum.done', 'e');
    await until(() => runs.length === 1 && requests.length === 1);
    for (let i = 0; i < 20; i++) await append(requests[0]!);
    await until(() => server.counters.callsReplayed === 20);
    expect(runs).toEqual(['e']);
  });

  it('tells of a record appended again, however many calls are in it, once: published, logged, dead-lettered', async () => {
    await restart({ deadLetter: { refused: true } });
    const values = Array.from({ length: 30 }, (_, i) => i);
    await Promise.all(values.map((value) => client.call('sum.add', value, { key: 'k' })));
    await until(() => requests.length > 0);
    expect(requests).toHaveLength(1);
    const [request] = requests;
    const heard = await listen();
    for (let i = 0; i < 3; i++) await append(request!);
    await until(() => server.counters.deadLetters === 3 && heard.letters.length === 3);
    await passBy('k');
    const offsets = [1n, 2n, 3n].map((behind) => request!.offset + behind);
    const partition = request!.partition;
    const message = expect.stringMatching(/^30 calls not run: /) as string;
    expect(heard.published).toEqual(
      offsets.map((offset) => ({ topic: 'rpc.sum.requests', partition, offset, reason: 'replay', message })),
    );
    expect(heard.lines).toEqual([
      expect.stringContaining(`Refused rpc.sum.requests[${partition}]@${offsets[0]} (replay): 30 calls `),
    ]);
    const reason = Buffer.from('replay');
    for (const letter of heard.letters)
      expect(letter).toMatchObject({
        value: request!.value,
        headers: { ...request!.headers, 'dead-letter-reason': reason },
      });
    expect(server.counters).toMatchObject({ callsReplayed: 90, refusalNoticesSent: 0, deadLettersLost: 0 });
    expect(server.counters.refusals.replay).toBe(3);
    expect(runs).toEqual(values);
  });

  it('tells of a call that is too old for its record, too, and not its sender', async () => {
    const request = await captured('a');
    timePassedMs = TIMEOUT_MS + CLOCK_ERROR_MS + 1_000;
    await restart({ deadLetter: { refused: true }, duplicateWindow: { ttlMs: 0 } });
    const heard = await listen();
    await append(request);
    await until(() => heard.letters.length === 1);
    expect(heard.published).toMatchObject([{ reason: 'stale' }]);
    expect(heard.lines).toEqual([expect.stringContaining('(stale): 1 call not run')]);
    expect(heard.letters[0]!.headers).toMatchObject({ 'dead-letter-reason': Buffer.from('stale') });
    expect(server.counters.refusalNoticesSent).toBe(0);
  });

  it('has a replay finished when its dead letter is written: the next server does not meet it', async () => {
    await restart({ deadLetter: { refused: true } });
    const request = await captured('a', 'k');
    await append(request);
    await until(() => server.counters.deadLetters === 1);
    await restart();
    await passBy('k');
    expect(runs).toEqual(['a']);
    expect(server.counters).toMatchObject({ callsStarted: 1, callsReplayed: 0 });
  });

  it('runs no call a second time when its time is over, though nobody remembers it', async () => {
    const request = await captured('a');
    timePassedMs = TIMEOUT_MS + CLOCK_ERROR_MS + 1_000;
    await restart({ duplicateWindow: { ttlMs: 0 } });
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

  it('runs no call a second time at a server that has not heard of its sender, but finds the call in the log', async () => {
    const request = await captured('a', 'k');
    await restart();
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
