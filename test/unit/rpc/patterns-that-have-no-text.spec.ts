import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';

const hangingDriver = { name: 'hanging', connect: () => new Promise<never>(() => undefined) };

const thrower = (): never => {
  throw new Error('boom');
};

const circular = (): object => {
  const it: Record<string, unknown> = {};
  it['it'] = it;
  return it;
};

describe('a pattern that JSON has no text for', () => {
  it.each([
    ['a BigInt in it', { id: 1n }],
    ['a circle', circular()],
    ['a toJSON() that throws', { toJSON: thrower }],
  ])('ends its call at the deadline while the client connects, and no process: %s', async (_, pattern) => {
    const client = new KafkaRpcClient({ service: 'sum', driver: hangingDriver, timeoutMs: 30 });
    await expect(client.call(pattern, 1)).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    await client.close();
  });

  it.each([
    ['a BigInt', 1n],
    ['a symbol', Symbol('sum')],
    [
      'a getter that throws',
      {
        get cmd() {
          return thrower();
        },
      },
    ],
  ])(
    'and Nest none either is refused at once, while the client connects as later: %s',
    async (_, pattern) => {
      const client = new KafkaRpcClient({ service: 'sum', driver: hangingDriver, timeoutMs: 60_000 });
      await expect(client.call(pattern, 1)).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
      await client.close();
      const cluster = new RpcCluster();
      const connected = cluster.client();
      await connected.connect();
      await expect(connected.call(pattern, 1)).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
      await expect(lastValueFrom(connected.emit(pattern, 1))).rejects.toMatchObject({
        status: 'INVALID_ARGUMENT',
      });
      await cluster.close();
    },
  );

  it('does not hide what is wrong with the data', async () => {
    const cluster = new RpcCluster();
    const client = cluster.client();
    await client.connect();
    await expect(client.call({ id: 1n }, { value: () => 1 })).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: expect.stringContaining('cannot be serialized') as string,
    });
    await cluster.close();
  });
});
