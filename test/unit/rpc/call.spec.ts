import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { firstValueFrom, from, lastValueFrom, toArray, type Observable } from 'rxjs';
import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() { a, b }: { a: number; b: number }): number {
    return a + b;
  }

  @MessagePattern('sum.later')
  async later(@Payload('a') a: number): Promise<number> {
    return a;
  }

  @MessagePattern('sum.range')
  range(@Payload() count: number): Observable<number> {
    return from(Array.from({ length: count }, (_, i) => i));
  }
}

describe('a call', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;

  beforeAll(async () => {
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [SumController] });
    client = cluster.client();
  });

  afterAll(() => cluster.close());

  it('is answered with the value that the handler returns', async () => {
    expect(await firstValueFrom(client.send('sum.add', { a: 1, b: 2 }))).toBe(3);
    expect((await client.call('sum.add', { a: 2, b: 2 })).value).toBe(4);
  });

  it('is answered with what the promise of the handler resolves to', async () => {
    expect((await client.call('sum.later', { a: 1 })).value).toBe(1);
  });

  it('is answered with every value of the Observable of the handler, in order', async () => {
    const values = await lastValueFrom(client.send('sum.range', 2_000).pipe(toArray()));
    expect(values).toEqual(Array.from({ length: 2_000 }, (_, i) => i));
  });

  it('completes without a value when the Observable has none', async () => {
    expect(await lastValueFrom(client.send('sum.range', 0).pipe(toArray()))).toEqual([]);
    expect((await client.call('sum.range', 0)).value).toBeUndefined();
  });

  it('gets its own answer among 5,000 at once', async () => {
    const calls = Array.from({ length: 5_000 }, (_, i) => client.call('sum.add', { a: i, b: i }));
    const values = (await Promise.all(calls)).map(({ value }) => value);
    expect(values).toEqual(calls.map((_, i) => 2 * i));
    expect(client.openCalls).toBe(0);
  });

  it('with call(), is refused a second value and cancelled', async () => {
    await expect(client.call('sum.range', 3)).rejects.toMatchObject({
      status: 'FAILED_PRECONDITION',
      message: expect.stringContaining('use send()') as string,
    });
    expect(client.openCalls).toBe(0);
  });

  it('tells who answered and where its time went', async () => {
    const { server } = await cluster.serve({ controllers: [SumController] }, { service: 'other' });
    const { serverId, attempt, timings } = await cluster
      .client({ service: 'other' })
      .call('sum.add', { a: 1, b: 2 });

    expect(serverId).toBe(server.id);
    expect(attempt).toBe(1);
    const { totalMs, serverMs, requestFlightMs, replyFlightMs } = timings;
    expect(serverMs + requestFlightMs + replyFlightMs).toBeCloseTo(totalMs, 6);
    for (const part of [serverMs, requestFlightMs, replyFlightMs]) expect(part).toBeGreaterThanOrEqual(0);
  });
});
