import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { lastValueFrom, NEVER, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('a call', () => {
  const started: unknown[] = [];
  const events: unknown[] = [];
  let cluster: RpcCluster;

  @Controller()
  class SumController {
    @MessagePattern('sum.add')
    add(@Payload() data: number): number {
      return data;
    }

    @EventPattern('sum.done')
    done(@Payload() data: unknown): void {
      events.push(data);
    }
  }

  @Controller()
  class HangingController {
    @MessagePattern('sum.add')
    add(@Payload() data: unknown): Observable<never> {
      started.push(data);
      return NEVER;
    }
  }

  beforeEach(() => {
    started.splice(0);
    events.splice(0);
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  it('waits while no server is up, and is answered when one comes', async () => {
    const client = cluster.client();
    await client.connect();
    const calls = [1, 2, 3].map((i) => client.call('sum.add', i));
    await lastValueFrom(client.emit('sum.done', 'e'));
    await cluster.serve({ controllers: [SumController] });
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual([1, 2, 3]);
    await until(() => events.length === 1);
  });

  it('is answered by one of several servers, and all of them get calls', async () => {
    const servers = [
      await cluster.serve({ controllers: [SumController] }),
      await cluster.serve({ controllers: [SumController] }),
    ];
    const client = cluster.client();
    await Promise.all(Array.from({ length: 100 }, (_, i) => client.call('sum.add', i)));
    const counts = servers.map(({ server }) => server.counters.callsStarted);
    expect(counts[0]! + counts[1]!).toBe(100);
    for (const count of counts) expect(count).toBeGreaterThan(0);
  });

  it('survives the death of its server in the middle of it', async () => {
    await cluster.serve({ controllers: [HangingController] }, { gracePeriodMs: 10 });
    const client = cluster.client({ timeoutMs: 3_000 });
    const calls = [1, 2, 3].map((i) => client.call('sum.add', i));
    await until(() => started.length === 3);
    await cluster.serve({ controllers: [SumController] });
    cluster.driver.killMember('rpc.sum', 0);
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual([1, 2, 3]);
  });

  it('goes on when the broker comes back', async () => {
    await cluster.serve({ controllers: [SumController] });
    const client = cluster.client();
    await client.call('sum.add', 1);
    cluster.driver.stopBroker();
    await expect(client.call('sum.add', 2)).rejects.toMatchObject({ status: 'UNAVAILABLE', retryable: true });
    cluster.driver.startBroker();
    expect((await client.call('sum.add', 3)).value).toBe(3);
  });

  it('is answered though the broker was away when the answer was ready', async () => {
    let answer!: () => void;
    @Controller()
    class WaitingController {
      @MessagePattern('sum.add')
      add(): Promise<string> {
        return new Promise((resolve) => {
          answer = () => resolve('late');
        });
      }
    }
    await cluster.serve({ controllers: [WaitingController] });
    const call = cluster.client().call('sum.add', {});
    await until(() => answer !== undefined);
    cluster.driver.stopBroker();
    answer();
    await new Promise((resolve) => setImmediate(resolve));
    cluster.driver.startBroker();
    expect((await call).value).toBe('late');
  });
});
