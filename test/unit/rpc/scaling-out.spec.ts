import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { deferred } from '../../support/deferred.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

describe('a server that joins another', () => {
  const runs: string[] = [];
  let gate = deferred();
  let cluster: RpcCluster;

  @Controller()
  class SumController {
    @MessagePattern('sum.add')
    async add(@Payload() data: string): Promise<string> {
      runs.push(data);
      await gate.promise;
      return data;
    }
  }

  beforeEach(() => {
    runs.splice(0);
    gate = deferred();
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  it('waits for the running calls of the other, so that none runs twice', async () => {
    await cluster.serve({ controllers: [SumController] });
    const client = cluster.client();
    const names = Array.from({ length: 8 }, (_, i) => `call ${i}`);
    const calls = names.map((name) => client.call('sum.add', name));
    await until(() => runs.length === 8);
    const joining = cluster.serve({ controllers: [SumController] });
    await turns();
    gate.resolve();
    await joining;
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual(names);
    await turns();
    expect(runs.sort()).toEqual(names);
  });

  it('takes over what the other has not started, which runs once', async () => {
    const first = await cluster.serve({ controllers: [SumController] }, { concurrency: 1 });
    const client = cluster.client();
    const names = Array.from({ length: 40 }, (_, i) => `call ${i}`);
    const calls = names.map((name) => client.call('sum.add', name));
    await until(() => first.server.callsInHand === 40);
    const joining = cluster.serve({ controllers: [SumController] });
    await turns();
    gate.resolve();
    const second = await joining;
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual(names);
    expect(runs.sort()).toEqual([...names].sort());
    expect(second.server.counters.callsStarted).toBeGreaterThan(10);
  });

  it('joins though a handler of the other hangs', async () => {
    const first = await cluster.serve({ controllers: [SumController] }, { gracePeriodMs: 10 });
    const client = cluster.client({ timeoutMs: 3_000 });
    const hanging = client.call('sum.add', 'hangs');
    await until(() => runs.length === 1);
    await cluster.serve({ controllers: [SumController] }, { gracePeriodMs: 10 });
    gate.resolve();
    expect((await hanging).value).toBe('hangs');
    expect(first.server.callsInHand).toBe(0);
  });
});
