import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { lastValueFrom, Observable, throwError, toArray } from 'rxjs';
import { KafkaRpcRecordBuilder, type KafkaRpcClient, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

describe('an event', () => {
  const seen: unknown[] = [];
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  @Controller()
  class AuditController {
    @EventPattern('sum.done')
    done(@Payload() data: unknown): void {
      seen.push(data);
    }

    @EventPattern('sum.twice')
    first(@Payload() _data: unknown): void {
      seen.push('first');
    }

    @EventPattern('sum.twice')
    second(@Payload() _data: unknown): void {
      seen.push('second');
    }

    @EventPattern('sum.watched')
    watched(@Payload() _data: unknown): Observable<number> {
      return new Observable<number>((subscriber) => {
        seen.push('subscribed');
        subscriber.next(1);
        subscriber.complete();
      });
    }

    @EventPattern('sum.fails')
    fails(@Payload() _data: unknown): void {
      throw new Error('no luck');
    }

    @EventPattern('sum.fails-late')
    failsLate(@Payload() _data: unknown): Observable<never> {
      return throwError(() => new Error('no luck'));
    }

    @MessagePattern('sum.add')
    add(): number {
      return 1;
    }
  }

  beforeEach(async () => {
    seen.splice(0);
    cluster = new RpcCluster();
    ({ server } = await cluster.serve({ controllers: [AuditController] }));
    client = cluster.client();
  });

  afterEach(() => cluster.close());

  it('reaches its handler, and gets no answer', async () => {
    expect(await lastValueFrom(client.emit('sum.done', { a: 1 }).pipe(toArray()))).toEqual([undefined]);
    await until(() => seen.length > 0);
    expect(seen).toEqual([{ a: 1 }]);
    expect(client.openCalls).toBe(0);
    expect(server.counters).toMatchObject({ eventsStarted: 1, callsStarted: 0, eventsFailed: 0 });
  });

  it('is sent though nobody subscribes: emit() is hot', async () => {
    client.emit('sum.done', 'hot');
    await until(() => seen.length > 0);
  });

  it('is sent once, however many subscribe', async () => {
    const emitted = client.emit('sum.done', 'once');
    emitted.subscribe();
    emitted.subscribe();
    await until(() => seen.length > 0);
    await turns();
    expect(seen).toEqual(['once']);
  });

  it('reaches every handler of its pattern', async () => {
    client.emit('sum.twice', {});
    await until(() => seen.length === 2);
    expect(seen.sort()).toEqual(['first', 'second']);
  });

  it('has the Observable of its handler run to the end', async () => {
    client.emit('sum.watched', {});
    await until(() => server.counters.eventsStarted === 1 && server.callsInHand === 0);
    expect(seen).toEqual(['subscribed']);
  });

  it.each(['sum.fails', 'sum.fails-late', 'sum.nobody'])(
    '"%s" that fails is counted, and harms no other',
    async (pattern) => {
      await lastValueFrom(client.emit(pattern, {}));
      await until(() => server.counters.eventsFailed === 1);
      expect(server.callsInHand).toBe(0);
      expect((await client.call('sum.add', {})).value).toBe(1);
    },
  );

  it('that carries a record is sent with its key and headers', async () => {
    client.emit('sum.done', new KafkaRpcRecordBuilder('bare').setKey('k').setHeaders({ a: 'b' }).build());
    await until(() => seen.length > 0);
    expect(seen).toEqual(['bare']);
  });

  it('fails at the caller when the broker cannot be reached', async () => {
    await client.connect();
    cluster.driver.stopBroker();
    await expect(lastValueFrom(client.emit('sum.done', {}))).rejects.toMatchObject({ status: 'UNAVAILABLE' });
  });

  it('fails at the caller with data that cannot be serialized', async () => {
    const data = (): void => undefined;
    await expect(lastValueFrom(client.emit('sum.done', data))).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
    });
  });
});
