import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  compression,
  type ConsumerRecord,
  type KafkaRpcClient,
  type WireInterceptor,
} from 'nestjs-kafka-rpc';
import { connectRaw } from '../support/raw-records.js';
import { RpcCluster } from '../support/rpc-cluster.js';
import { until } from '../support/until.js';

const SECRET = 'session=7f3a9c51e2d84b06a1c9';
const WRONG = 'session=0123456789abcdefghij';
const [PLAIN, GZIP] = [0, 2];

@Controller()
class LoginController {
  @MessagePattern('auth.login')
  login(@Payload() guess: string): object {
    return { guess, token: SECRET };
  }

  @MessagePattern('sum.add')
  add(@Payload() data: unknown): unknown {
    return data;
  }
}

describe('S19, what the size of a compressed record tells', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let records: ConsumerRecord[];

  afterEach(() => cluster.close());

  const start = async (stage: () => WireInterceptor): Promise<void> => {
    cluster = new RpcCluster();
    records = [];
    await cluster.serve(
      { controllers: [LoginController] },
      { interceptors: [stage()], partitions: 1, replyPartitions: 1 },
    );
    client = cluster.client({ interceptors: [stage()] });
    await client.connect();
    const raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    for (const topic of ['rpc.sum.requests', 'rpc.replies'])
      await raw.readPartition({ topic, partition: 0, from: 'latest' }, (read) => void records.push(...read));
  };

  /** The size of the reply that carries the secret beside the guess. */
  const replySize = async (guess: string): Promise<number> => {
    records.splice(0);
    await client.call('auth.login', guess);
    await until(() => records.length === 2);
    return records.find(({ topic }) => topic === 'rpc.replies')!.value!.length;
  };

  it('is whether a guess was right, where nothing is excepted', async () => {
    await start(() => compression({ algorithm: 'gzip', minBytes: 1 }));
    expect(await replySize(SECRET)).toBeLessThan(await replySize(WRONG));
  });

  it('is nothing for an excepted pattern', async () => {
    await start(() => compression({ algorithm: 'gzip', minBytes: 1, except: ['auth.login'] }));
    expect(await replySize(SECRET)).toBe(await replySize(WRONG));
  });

  it('is nothing under load either: excepted calls and replies share no record with others', async () => {
    await start(() => compression({ algorithm: 'gzip', minBytes: 1, except: ['auth.login'] }));
    const filler = 'x'.repeat(500);
    const calls = Array.from({ length: 200 }, async (_, i) => {
      const [pattern, data] = i % 3 === 0 ? ['auth.login', WRONG] : ['sum.add', `${i} ${filler}`];
      const { value } = await client.call(pattern, data);
      expect(value).toEqual(i % 3 === 0 ? { guess: WRONG, token: SECRET } : data);
    });
    await Promise.all(calls);
    const guesses = (): number =>
      records.reduce((sum, { value }) => sum + value!.toString('latin1').split(WRONG).length - 1, 0);
    await until(() => guesses() === 2 * 67);
    const plain = records.filter(({ value }) => value![0] === PLAIN);
    const packed = records.filter(({ value }) => value![0] === GZIP);
    expect(plain.length + packed.length).toBe(records.length);
    expect(packed.length).toBeGreaterThan(0);
    for (const { value } of plain) {
      expect(value!.includes('session=')).toBe(true);
      expect(value!.includes(filler)).toBe(false);
    }
  });
});

describe('compression({ except })', () => {
  it.each([['auth.login'], [[1]], [[{ cmd: 'login' }]]])('refuses %j', (except) => {
    expect(() => compression({ except: except as unknown as string[] })).toThrow('Option "except"');
  });
});
