import { AsyncLocalStorage } from 'node:async_hooks';
import {
  Controller,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcRecordBuilder, type KafkaRpcClient, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { Observable, type Subscriber } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const storage = new AsyncLocalStorage<string>();

/** Sets the context of what is behind it, as tracers do. */
class TraceInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    seen.push(storage.getStore());
    const name = `interceptor of ${String(context.switchToRpc().getData())}`;
    return new Observable((subscriber: Subscriber<unknown>) =>
      storage.run(name, () => next.handle().subscribe(subscriber)),
    );
  }
}

const seen: (string | undefined)[] = [];

describe('the async context at the entry of a handler', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  @Controller()
  class TracedController {
    @MessagePattern('runs')
    async runs(@Payload() name: string): Promise<void> {
      seen.push(storage.getStore());
      await storage.run(name, async () => {
        await new Promise((resolve) => setTimeout(resolve, 2));
      });
    }

    @MessagePattern('enters')
    async enters(@Payload() name: string): Promise<void> {
      seen.push(storage.getStore());
      storage.enterWith(name);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }

    @MessagePattern('enters-at-once')
    entersAtOnce(@Payload() name: string): void {
      seen.push(storage.getStore());
      storage.enterWith(name);
    }

    @EventPattern('event')
    event(@Payload() name: string): void {
      seen.push(storage.getStore());
      storage.enterWith(name);
    }

    @MessagePattern('intercepted')
    @UseInterceptors(TraceInterceptor)
    async intercepted(@Payload() _name: string): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  beforeEach(async () => {
    seen.splice(0);
    cluster = new RpcCluster();
    client = cluster.client();
  });

  afterEach(() => cluster.close());

  const serve = async (hooks: boolean, options: object = {}): Promise<void> => {
    ({ server } = await cluster.serve(
      { controllers: [TracedController] },
      {
        ...options,
        prepare: (_app, strategy) => {
          if (!hooks) return;
          strategy.setOnProcessingStartHook((_transport, _context, done) => {
            seen.push(storage.getStore());
            return storage.run('hook', done);
          });
        },
      },
    ));
  };

  const names = Array.from({ length: 6 }, (_, i) => `request ${i}`);

  /** Each caller has a context of its own. */
  const callAll = (pattern: string, key?: string): Promise<unknown> =>
    Promise.all(
      names.map((name) =>
        storage.run(`caller of ${name}`, () => client.call(pattern, name, key === undefined ? {} : { key })),
      ),
    );

  it.each(['runs', 'enters', 'enters-at-once', 'intercepted'])(
    'is nobody’s when calls wait for each other: %s',
    async (pattern) => {
      await serve(false, { concurrency: 1, partitions: 1 });
      await callAll(pattern);
      expect(seen).toEqual(names.map(() => undefined));
    },
  );

  it.each(['runs', 'enters', 'enters-at-once', 'intercepted'])(
    'is nobody’s when calls have one key: %s',
    async (pattern) => {
      await serve(false);
      await callAll(pattern, 'k');
      expect(seen).toEqual(names.map(() => undefined));
    },
  );

  it('is nobody’s when calls of one record start one behind the other', async () => {
    await serve(false, { partitions: 1 });
    await client.call('runs', 'first');
    seen.splice(0);
    await callAll('enters-at-once');
    expect(seen).toEqual(names.map(() => undefined));
  });

  it('is nobody’s for events, whoever emitted them', async () => {
    await serve(false, { concurrency: 1 });
    for (const name of names) {
      storage.run(name, () => client.emit('event', new KafkaRpcRecordBuilder(name).setKey('k').build()));
    }
    await until(() => seen.length === names.length);
    expect(seen).toEqual(names.map(() => undefined));
  });

  it('is nobody’s at a hook, and the hook’s own behind it', async () => {
    await serve(true, { concurrency: 1 });
    await callAll('runs');
    expect(seen).toEqual(names.flatMap(() => [undefined, 'hook']));
  });

  it('is nobody’s though the server was started inside of a request', async () => {
    await storage.run('the request that started it', () => serve(false));
    await callAll('runs');
    expect(seen).toEqual(names.map(() => undefined));
    expect(server.callsInHand).toBe(0);
  });
});
