import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { KafkaRpcContext } from 'nestjs-kafka-rpc';
import { deferred, type Deferred } from '../../support/deferred.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

describe('calls with the same key', () => {
  const started: string[] = [];
  const gates = new Map<string, Deferred<void>>();
  let cluster: RpcCluster;

  @Controller()
  class AccountController {
    @MessagePattern('book')
    async book(@Payload() name: string, @Ctx() context: KafkaRpcContext): Promise<string> {
      started.push(name);
      await gates.get(name)?.promise;
      return `${name} on ${context.getPartition()}`;
    }
  }

  beforeEach(async () => {
    started.splice(0);
    gates.clear();
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [AccountController] });
  });

  afterEach(() => cluster.close());

  const hold = (...names: string[]): void => names.forEach((name) => gates.set(name, deferred()));
  const open = (name: string): void => gates.get(name)?.resolve();

  it('run one after the other, in the order sent', async () => {
    hold('a1', 'a2');
    const client = cluster.client();
    const calls = ['a1', 'a2', 'a3'].map((name) => client.call<string>('book', name, { key: 'a' }));
    await until(() => started.length === 1);
    await turns();
    expect(started).toEqual(['a1']);
    open('a1');
    await until(() => started.length === 2);
    await turns();
    expect(started).toEqual(['a1', 'a2']);
    open('a2');
    await Promise.all(calls);
    expect(started).toEqual(['a1', 'a2', 'a3']);
  });

  it('hold up no call with another key, or without one', async () => {
    hold('a1');
    const client = cluster.client();
    const held = client.call('book', 'a1', { key: 'a' });
    await until(() => started.length === 1);
    await Promise.all([client.call('book', 'b1', { key: 'b' }), client.call('book', 'free')]);
    expect(started.sort()).toEqual(['a1', 'b1', 'free']);
    open('a1');
    await held;
  });

  it('go to the same partition, whichever client sends them', async () => {
    const clients = [cluster.client(), cluster.client()];
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        clients[i % 2]!.call<string>('book', 'a', { key: Buffer.from('k1') }),
      ),
    );
    expect(new Set(replies.map(({ value }) => value))).toEqual(new Set(['a on 1']));
  });

  it('keep their order by the hundred, with others in between', async () => {
    const client = cluster.client();
    const calls = Array.from({ length: 900 }, (_, i) =>
      client.call('book', `${i % 3}:${i}`, { key: `key ${i % 3}` }),
    );
    await Promise.all(calls);
    for (const key of ['0:', '1:', '2:']) {
      const numbers = started.filter((name) => name.startsWith(key)).map((name) => Number(name.slice(2)));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      expect(numbers).toHaveLength(300);
    }
  });
});
