import { randomBytes } from 'node:crypto';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  compression,
  encryption,
  keyring,
  verification,
  type ConsumerRecord,
  type DriverConnection,
  type KafkaRpcClient,
  type KafkaRpcServer,
  type WireInterceptor,
} from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { connectRaw, produceToEach } from '../support/raw-records.js';
import { RpcCluster } from '../support/rpc-cluster.js';
import { seededRandom, type SeededRandom } from '../support/seeded-random.js';
import { until } from '../support/until.js';

const SEED = Number(process.env['SECURITY_SEED'] ?? 18);
const MUTANTS = 50_000;
const BATCH = 500;
const keys = keyring({ current: 'k1', keys: { k1: randomBytes(32) } });

const SETTINGS: readonly [string, () => WireInterceptor[]][] = [
  ['no stage', () => []],
  [
    'all stages',
    () => [
      compression({ algorithm: 'gzip', minBytes: 1 }),
      encryption({ keyring: keys }),
      verification({ keyring: keys }),
    ],
  ],
];

type Mutation = (bytes: Buffer, random: SeededRandom) => Buffer;

/** What goes wrong with bytes, and what somebody does to them who knows where lengths and kinds stand. */
const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => {
    const mutant = Buffer.from(bytes);
    if (mutant.length > 0) mutant[random.integer(mutant.length)]! ^= 1 << random.integer(8);
    return mutant;
  },
  (bytes, random) => bytes.subarray(0, random.integer(bytes.length + 1)),
  (bytes, random) => Buffer.concat([bytes, randomBytes(random.integer(40))]),
  (bytes, random) => {
    const at = random.integer(bytes.length + 1);
    return Buffer.concat([
      bytes.subarray(0, at),
      bytes.subarray(Math.min(bytes.length, at + random.integer(9))),
    ]);
  },
  (bytes, random) => {
    const mutant = Buffer.from(bytes);
    if (mutant.length < 4) return mutant;
    const extremes = [0, 1, 0x7f_ff_ff_ff, 0xff_ff_ff_ff, mutant.length];
    mutant.writeUInt32BE(extremes[random.integer(extremes.length)]!, random.integer(mutant.length - 3));
    return mutant;
  },
  (bytes) => Buffer.concat([bytes, bytes]),
  (_bytes, random) => randomBytes(random.integer(200)),
];

describe.each(SETTINGS)('S18, poison, with %s', (_name, stages) => {
  let cluster: RpcCluster;
  let server: KafkaRpcServer;
  let client: KafkaRpcClient;
  let raw: DriverConnection;
  const samples: Record<'rpc.sum.requests' | 'rpc.replies', ConsumerRecord[]> = {
    'rpc.sum.requests': [],
    'rpc.replies': [],
  };

  @Controller()
  class SumController {
    @MessagePattern('sum.add')
    add(@Payload() data: unknown): unknown {
      return data;
    }

    @EventPattern<string>('sum.done')
    done(): void {
      return;
    }
  }

  beforeAll(async () => {
    cluster = new RpcCluster({ retentionRecords: 5_000 });
    ({ server } = await cluster.serve(
      { controllers: [SumController] },
      { interceptors: stages(), partitions: 1, replyPartitions: 1 },
    ));
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    const victim = cluster.client({ interceptors: stages() });
    await victim.connect();
    const topics = Object.keys(samples) as (keyof typeof samples)[];
    const readers = await Promise.all(
      topics.map((topic) =>
        raw.readPartition(
          { topic, partition: 0, from: 'latest' },
          (read) => void samples[topic].push(...read),
        ),
      ),
    );
    for (const data of [1, 'text', { a: [1, new Date()] }, Buffer.alloc(40)]) {
      await victim.call('sum.add', data, { key: 'k', headers: { h: 'v' } });
      await lastValueFrom(victim.emit('sum.done', data));
    }
    await until(() => samples['rpc.sum.requests'].length >= 8);
    for (const reader of readers) await reader.close();
    client = cluster.client({ interceptors: stages(), timeoutMs: 20_000 });
    await client.connect();
  });

  afterAll(() => cluster.close());

  const mutantOf = (topic: keyof typeof samples, random: SeededRandom) => {
    const sample = samples[topic][random.integer(samples[topic].length)]!;
    const mutate = MUTATIONS[random.integer(MUTATIONS.length)]!;
    const value = sample.value!;
    const rpc = sample.headers['rpc'] as Buffer;
    const isOfValue = random.integer(3) > 0;
    return {
      topic,
      partition: 0,
      value: isOfValue ? mutate(value, random) : value,
      headers: { rpc: isOfValue ? rpc : mutate(rpc, random) },
    };
  };

  it(`stops nothing: ${MUTANTS} mutated records, and every real call between them is right (seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    let calls = 0;
    for (let sent = 0; sent < MUTANTS; sent += BATCH) {
      const mutants = Array.from({ length: BATCH }, (_, i) =>
        mutantOf(i % 2 === 0 ? 'rpc.sum.requests' : 'rpc.replies', random),
      );
      const values = Array.from({ length: 5 }, () => ({ nonce: random.integer(1e9) }));
      const answers = values.map((value) => client.call('sum.add', value));
      await produceToEach(raw, mutants);
      expect((await Promise.all(answers)).map(({ value }) => value)).toEqual(values);
      calls += values.length;
    }
    expect(calls).toBe((MUTANTS / BATCH) * 5);
    await until(() => server.callsInHand === 0);
    expect(server.counters.recordsRefused).toBeGreaterThan(MUTANTS / 50);
    expect(client.openCalls).toBe(0);
  }, 120_000);
});
