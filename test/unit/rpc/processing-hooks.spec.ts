import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { from, lastValueFrom, Observable, throwError } from 'rxjs';
import { KafkaRpcContext, RpcError, type KafkaRpcClient, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const TRANSPORT = Symbol('kafka');

describe('Nest’s processing hooks', () => {
  const hooks: string[] = [];
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  @Controller()
  class SumController {
    @MessagePattern('value', TRANSPORT)
    value(): number {
      hooks.push('handler');
      return 1;
    }

    @MessagePattern('promise', TRANSPORT)
    async promise(): Promise<number> {
      return 1;
    }

    @MessagePattern('stream', TRANSPORT)
    stream(): Observable<number> {
      return from([1, 2, 3]);
    }

    @MessagePattern('silent', TRANSPORT)
    silent(): Observable<never> {
      return new Observable(() => () => hooks.push('unsubscribed'));
    }

    @MessagePattern('throws', TRANSPORT)
    throws(): never {
      throw new RpcError('NOT_FOUND', 'gone');
    }

    @MessagePattern('rejects', TRANSPORT)
    async rejects(): Promise<never> {
      throw new Error('a bug');
    }

    @MessagePattern('fails-late', TRANSPORT)
    failsLate(): Observable<never> {
      return throwError(() => new Error('a bug'));
    }

    @MessagePattern('unsendable', TRANSPORT)
    unsendable(): Observable<unknown> {
      return from([() => undefined]);
    }

    @EventPattern('event', TRANSPORT)
    event(@Payload() _data: unknown): void {
      return;
    }

    @EventPattern('event.fails', TRANSPORT)
    eventFails(@Payload() _data: unknown): void {
      throw new Error('a bug');
    }

    @EventPattern('event.stream', TRANSPORT)
    eventStream(@Payload() _data: unknown): Observable<number> {
      return from([1, 2]);
    }
  }

  beforeEach(async () => {
    hooks.splice(0);
    cluster = new RpcCluster();
    ({ server } = await cluster.serve(
      { controllers: [SumController] },
      {
        transportId: TRANSPORT,
        prepare: (_app, strategy) => {
          strategy.setOnProcessingStartHook((transport, context, done) => {
            expect(transport).toBe(TRANSPORT);
            hooks.push(`start ${(context as KafkaRpcContext).getPattern()}`);
            return done();
          });
          strategy.setOnProcessingEndHook((transport, context) => {
            expect(transport).toBe(TRANSPORT);
            hooks.push(`end ${(context as KafkaRpcContext).getPattern()}`);
          });
        },
      },
    ));
    client = cluster.client();
  });

  afterEach(() => cluster.close());

  it.each(['promise', 'stream', 'throws', 'rejects', 'fails-late', 'unsendable'])(
    'run exactly once each around a call: %s',
    async (pattern) => {
      await lastValueFrom(client.send(pattern, {})).catch(() => undefined);
      await turns();
      expect(hooks).toEqual([`start ${pattern}`, `end ${pattern}`]);
    },
  );

  it.each(['event', 'event.fails', 'event.stream'])(
    'run exactly once each around an event: %s',
    async (pattern) => {
      client.emit(pattern, {});
      await until(() => server.counters.eventsStarted === 1 && server.callsInHand === 0);
      await turns();
      expect(hooks).toEqual([`start ${pattern}`, `end ${pattern}`]);
    },
  );

  it('run before and after the handler', async () => {
    await client.call('value', {});
    expect(hooks).toEqual(['start value', 'handler', 'end value']);
  });

  it('run once each around a stream that its caller cancels', async () => {
    const call = client.send('silent', {}).subscribe();
    await until(() => hooks.length === 1);
    call.unsubscribe();
    await until(() => hooks.length === 3);
    await turns();
    expect(hooks).toEqual(['start silent', 'unsubscribed', 'end silent']);
  });

  it('do not run where no handler does', async () => {
    await client.call('nobody', {}).catch(() => undefined);
    expect(hooks).toEqual([]);
  });
});
