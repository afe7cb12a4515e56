import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { lastValueFrom, range, map, toArray } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const LIMIT = 20_000;
const LARGE = 'x'.repeat(50_000);

describe('what shares a request with others', () => {
  const runs: unknown[] = [];
  let cluster: RpcCluster;

  @Controller()
  class EchoController {
    @MessagePattern('echo')
    echo(@Payload() data: unknown): unknown {
      runs.push(data);
      return data;
    }

    @EventPattern<string>('told')
    told(@Payload() data: unknown): void {
      runs.push(data);
    }

    @MessagePattern('large')
    large(): string {
      return LARGE;
    }

    @MessagePattern('largeSecond')
    largeSecond(): unknown {
      return range(0, 6).pipe(map((i) => (i === 1 ? LARGE : i)));
    }
  }

  beforeEach(async () => {
    runs.splice(0);
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [EchoController] }, { service: ['sum', 'other'] });
  });

  afterEach(() => cluster.close());

  const limit = (): void =>
    cluster.driver.playProduce(({ topic, partition, records }) => {
      const bytes = records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
      const text = `${bytes} bytes are too many for ${topic}[${partition}]`;
      const refusal = new RpcError('RESOURCE_EXHAUSTED', text, { retryable: false });
      return bytes > LIMIT ? { refusal } : undefined;
    });

  it('does not fail with a call that is too large for the broker, not even in its own record', async () => {
    const [sum, other] = [cluster.client(), cluster.client({ service: 'other' })];
    await Promise.all([sum.connect(), other.connect()]);
    limit();
    const small = [1, 2, 3].flatMap((i) => [sum.call('echo', i, { key: 'k' }), other.call('echo', -i)]);
    const large = sum.call('echo', LARGE, { key: 'k' });
    const behind = [sum.call('echo', 4, { key: 'k' }), lastValueFrom(sum.emit('told', 5))];
    await expect(large).rejects.toMatchObject({ status: 'RESOURCE_EXHAUSTED', retryable: false });
    await expect(large).rejects.toThrow('rpc.sum.requests');
    expect((await Promise.all(small)).map(({ value }) => value)).toEqual([1, -1, 2, -2, 3, -3]);
    await Promise.all(behind);
    await until(() => runs.length === 8);
    expect(runs).not.toContain(LARGE);
    // Those of one key still run in the order sent.
    expect(runs.filter((each) => [1, 2, 3, 4].includes(each as number))).toEqual([1, 2, 3, 4]);
  });

  it('does not fail with a topic that is refused', async () => {
    const [sum, other] = [cluster.client(), cluster.client({ service: 'other' })];
    await Promise.all([sum.connect(), other.connect()]);
    const refusal = new RpcError('FAILED_PRECONDITION', 'rpc.sum.requests is gone');
    cluster.driver.playProduce(({ topic }) => (topic === 'rpc.sum.requests' ? { refusal } : undefined));
    const lost = sum.call('echo', 1);
    const event = lastValueFrom(other.emit('told', 2));
    const call = other.call('echo', 3);
    await expect(lost).rejects.toBe(refusal);
    await event;
    expect((await call).value).toBe(3);
  });

  it('is not held up by a partition that is tried again, and that one is answered when it goes on', async () => {
    const client = cluster.client({ timeoutMs: 20_000 });
    await client.connect();
    const delayedBy = new RpcError('UNAVAILABLE', 'no leader');
    let stuck: number | undefined;
    cluster.driver.playProduce(({ topic, partition }) => {
      if (topic !== 'rpc.sum.requests' || (stuck ??= partition) !== partition) return undefined;
      return { delayedBy, takesMs: 300 };
    });
    let isAnswered = false;
    const slow = client.call('echo', 'slow', { key: 'a' }).then(() => (isAnswered = true));
    await until(() => stuck !== undefined);
    const others = Array.from({ length: 40 }, (_, i) => `key ${i}`);
    const calls = others.map((key) => client.call('echo', key, { key }));
    await Promise.race(calls);
    expect(isAnswered).toBe(false);
    cluster.driver.playProduce();
    await Promise.all([...calls, slow]);
  });

  it('hears that its own answer is too large, whatever goes out with that', async () => {
    const client: KafkaRpcClient = cluster.client();
    await client.connect();
    limit();
    const calls = Array.from({ length: 10 }, (_, i) => client.call(i % 2 === 0 ? 'large' : 'echo', i));
    const outcomes = await Promise.allSettled(calls);
    outcomes.forEach((outcome, i) => {
      if (i % 2 === 1) expect(outcome).toMatchObject({ status: 'fulfilled', value: { value: i } });
      else expect(outcome).toMatchObject({ status: 'rejected', reason: { status: 'RESOURCE_EXHAUSTED' } });
    });
  });

  it('ends a stream in the place of the value that is too large, before what followed it', async () => {
    const client = cluster.client();
    await client.connect();
    limit();
    for (let round = 0; round < 5; round++) {
      await expect(lastValueFrom(client.send('largeSecond', {}).pipe(toArray()))).rejects.toMatchObject({
        status: 'RESOURCE_EXHAUSTED',
      });
    }
    await turns();
    expect((await client.call('echo', 'well')).value).toBe('well');
  });
});
