import { AsyncLocalStorage } from 'node:async_hooks';
import { Controller } from '@nestjs/common';
import {
  EventPattern,
  MessagePattern,
  Payload,
  type ReadPacket,
  type WritePacket,
} from '@nestjs/microservices';
import { finalize, lastValueFrom, NEVER, type Observable, of } from 'rxjs';
import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('the async context of a caller', () => {
  const users = new AsyncLocalStorage<string>();
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let seen: unknown[];

  @Controller()
  class SumController {
    @MessagePattern('sum.stream')
    stream(): Observable<number> {
      return of(1, 2);
    }

    @MessagePattern('sum.never')
    never(): Observable<never> {
      return NEVER;
    }

    @MessagePattern('sum.fail')
    fail(): never {
      throw new Error('mine');
    }

    @EventPattern('sum.done')
    done(@Payload() data: unknown): void {
      void data;
    }
  }

  beforeEach(async () => {
    seen = [];
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [SumController] });
    client = cluster.client({ timeoutMs: 5_000 });
  });

  afterEach(() => cluster.close());

  const note = (what: string) => (): void => void seen.push(`${what}: ${users.getStore()}`);

  const send = (pattern: string, by = client): void => {
    by.send(pattern, {})
      .pipe(finalize(note('teardown')))
      .subscribe({ next: note('value'), complete: note('end'), error: note('error') });
  };

  const ENDED = ['value: bob', 'value: bob', 'end: bob', 'teardown: bob'];

  it('is there in the callbacks of its own send(), whoever opened the connection', async () => {
    await users.run('ann', () => client.call('sum.stream', {}).catch(() => undefined));
    users.run('bob', () => send('sum.stream'));
    await until(() => seen.length === 4);
    expect(seen).toEqual(ENDED);
  });

  it('is there when its call waited for a connection that another opened', async () => {
    users.run('ann', () => void client.connect());
    users.run('bob', () => send('sum.stream'));
    await until(() => seen.length === 4);
    expect(seen).toEqual(ENDED);
  });

  it('is there when its call fails: by an error, at its deadline, as the client closes', async () => {
    await users.run('ann', () => client.connect());
    const hurried = cluster.client({ timeoutMs: 30 });
    await users.run('ann', () => hurried.connect());
    users.run('bob', () => send('sum.fail'));
    await until(() => seen.length === 2);
    users.run('bob', () => send('sum.never', hurried));
    await until(() => seen.length === 4);
    users.run('bob', () => send('sum.never'));
    await users.run('ann', () => client.close());
    expect(seen).toEqual(Array(3).fill(['error: bob', 'teardown: bob']).flat());
  });

  it('is there when calls of several share a record', async () => {
    await users.run('ann', () => client.connect());
    for (const user of ['bob', 'cid', 'bob']) users.run(user, () => send('sum.stream'));
    await until(() => seen.length === 12);
    expect(seen).toEqual([...ENDED, ...ENDED.map((line) => line.replace('bob', 'cid')), ...ENDED]);
  });

  it('is there where a subclass publishes, and where an event is sent', async () => {
    class Tracing extends KafkaRpcClient {
      protected override publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
        note('publish')();
        return super.publish(packet, callback);
      }
    }
    const tracing = new Tracing({ service: 'sum', driver: cluster.driver });
    cluster.onClose(() => tracing.close());
    await users.run('ann', () => tracing.connect());
    users.run('bob', () => send('sum.stream', tracing));
    await until(() => seen.length === 5);
    expect(seen).toEqual(['publish: bob', ...ENDED]);
    await users.run('bob', () => lastValueFrom(tracing.emit('sum.done', {}), { defaultValue: 0 }));
    expect(users.getStore()).toBeUndefined();
  });

  it('is not kept by the connection: its listeners run in the context of nobody', async () => {
    const traced = cluster.client();
    traced.on('connected', note('connected'));
    await users.run('ann', () => traced.connect());
    expect(seen).toEqual(['connected: undefined']);
  });
});
