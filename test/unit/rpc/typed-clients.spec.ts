import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  contract,
  type KafkaRpcClient,
  type KafkaRpcServer,
  type RpcError,
  type ServiceAnswer,
} from 'nestjs-kafka-rpc';
import { isObservable, lastValueFrom, NEVER, toArray, type Observable } from 'rxjs';
import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import { math, MathController } from '../../support/math-contract.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

interface Terms {
  readonly a: number;
  readonly b: number;
}

interface SumApi {
  add(terms: Terms): number;
  never(): Promise<number>;
  range(count: number): AsyncIterable<number>;
}

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() { a, b }: Terms): number {
    return a + b;
  }

  @MessagePattern('sum.never')
  never(): Observable<never> {
    return NEVER;
  }

  @MessagePattern('sum.range')
  async *range(@Payload() count: number): AsyncGenerator<number> {
    for (let i = 1; i <= count; i++) yield await Promise.resolve(i);
  }

  @MessagePattern({ cmd: 'negate' })
  negate(@Payload() value: number): Promise<number> {
    return Promise.resolve(-value);
  }

  notAHandler(): string {
    return 'here';
  }
}

describe('typed clients', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  beforeEach(async () => {
    cluster = new RpcCluster();
    MathController.heard.length = 0;
    ({ server } = await cluster.serve({ controllers: [SumController, MathController] }));
    client = cluster.client();
  });
  afterEach(() => cluster.close());

  const failure = (answer: PromiseLike<unknown>): Promise<RpcError> =>
    Promise.resolve(answer).then(
      () => Promise.reject(new Error('it was answered')),
      (error: RpcError) => error,
    );

  describe('of an interface', () => {
    it('call the pattern of the service and the method, awaited', async () => {
      const sum = client.service<SumApi>();
      const three: number = await sum.add({ a: 1, b: 2 });
      expect(three).toBe(3);
    });

    it('are subscribed to as well', async () => {
      const sum = client.service<SumApi>();
      expect(await lastValueFrom(sum.add({ a: 1, b: 2 }))).toBe(3);
      expect(await lastValueFrom(sum.range(3).pipe(toArray()))).toEqual([1, 2, 3]);
    });

    it('take another prefix', async () => {
      const sum = cluster.client({ service: 'sum' }).service<SumApi>({ prefix: 'math.' });
      expect(await sum.add({ a: 1, b: 2 })).toEqual({ sum: 3 });
    });

    it('take the options of a call', async () => {
      const sum = client.service<SumApi>();
      expect(await failure(sum.never(undefined, { timeoutMs: 30 }))).toMatchObject({
        status: 'DEADLINE_EXCEEDED',
      });
      const signal = AbortSignal.timeout(30);
      expect(await failure(sum.never(undefined, { signal }))).toMatchObject({ status: 'CANCELLED' });
      expect(
        await failure(lastValueFrom(sum.never(undefined, { signal: AbortSignal.timeout(30) }))),
      ).toMatchObject({
        status: 'CANCELLED',
      });
      await until(() => client.openCalls === 0);
    });

    it('call once for one answer that is awaited twice, and not at all for one that is not', async () => {
      const sum = client.service<SumApi>();
      sum.add({ a: 1, b: 1 });
      const answer = sum.add({ a: 1, b: 2 });
      expect(await Promise.all([answer, answer])).toEqual([3, 3]);
      expect(server.counters.callsStarted).toBe(1);
    });

    it('tell who answered', async () => {
      const answer: ServiceAnswer<number> = client.service<SumApi>().add({ a: 1, b: 2 });
      expect(await answer.reply()).toMatchObject({
        value: 3,
        serverId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      });
    });

    it('are no promises themselves', async () => {
      const sum = await Promise.resolve(client.service<SumApi>());
      expect(await sum.add({ a: 1, b: 2 })).toBe(3);
    });

    it('may be a provider, and be logged: Nest, JSON and templates call nothing', async () => {
      const sum = client.service<SumApi>();
      const module = await Test.createTestingModule({
        providers: [{ provide: 'SUM', useFactory: () => sum }],
      }).compile();
      await module.init();
      expect(await module.get<typeof sum>('SUM').add({ a: 1, b: 2 })).toBe(3);
      await module.close();
      expect([JSON.stringify(sum), String(sum)]).toEqual(['{}', '[object Object]']);
      expect(server.counters.callsStarted).toBe(1);
    });

    it('have the methods of a promise and of an Observable', async () => {
      const sum = client.service<SumApi>();
      const told: string[] = [];
      await sum.add({ a: 1, b: 2 }).finally(() => told.push('over'));
      const caught = await sum
        .never(undefined, { timeoutMs: 20 })
        .catch((error: unknown) => (error as RpcError).status);
      expect([...told, caught]).toEqual(['over', 'DEADLINE_EXCEEDED']);
      expect(isObservable(sum.add({ a: 1, b: 2 }))).toBe(true);
    });

    it('say so when the handler gives several values where one is awaited', async () => {
      const sum = client.service<SumApi>() as unknown as { range(count: number): PromiseLike<number> };
      expect(await failure(sum.range(3))).toMatchObject({ status: 'FAILED_PRECONDITION' });
    });

    it('refuse an unknown option', () => {
      expect(() => client.service<SumApi>({ prefx: 'a' } as object)).toThrow(/has no option "prefx"/);
    });
  });

  describe("of a controller's class", () => {
    it('take the patterns from it, objects too', async () => {
      const sum = client.service(SumController);
      expect(await sum.add({ a: 1, b: 2 })).toBe(3);
      const negative: number = await sum.negate(4);
      expect(negative).toBe(-4);
      expect(Object.keys(sum).sort()).toEqual(['add', 'negate', 'never', 'range']);
    });

    it('take those of a class that it extends', async () => {
      class Extended extends SumController {}
      expect(await client.service(Extended).add({ a: 1, b: 2 })).toBe(3);
    });

    it('take its schemas and events', async () => {
      const service = client.service(MathController);
      expect(await failure(service.add({ a: 1, b: 'x' as never }))).toMatchObject({
        status: 'INVALID_ARGUMENT',
      });
      await service.added({ sum: 3 });
      await until(() => MathController.heard.length === 1);
    });

    it('refuse a class without handlers', () => {
      class Empty {
        add(): void {}
      }
      expect(() => client.service(Empty)).toThrow(/a class with @MessagePattern or @EventPattern methods/);
    });
  });

  describe('of a contract', () => {
    it('call, stream and emit', async () => {
      const service = client.service(math);
      const { sum }: { sum: number } = await service.add({ a: 1, b: 2 });
      const values: number[] = await lastValueFrom(service.upTo(3).pipe(toArray()));
      expect([sum, values]).toEqual([3, [1, 2, 3]]);
      await service.added({ sum: 3 });
      await until(() => MathController.heard.length === 1);
      expect(MathController.heard).toEqual([{ sum: 3 }]);
    });

    it('send nothing that does not fit', async () => {
      const service = client.service(math);
      const error = await failure(service.add({ a: 1, b: 'two' as unknown as number }));
      expect(error).toMatchObject({
        status: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^The data of "math.add" does not fit its schema at b: /) as string,
        details: { issues: [{ path: 'b' }] },
        retryable: false,
      });
      expect(() => service.added({ sum: 'x' as unknown as number })).toThrow(/math.added/);
      expect(server.counters.callsStarted).toBe(0);
    });

    it('send what they were given, and have it read at the other end', async () => {
      expect(await client.service(math).year('2026-11-28T00:00:00Z')).toBe(2026);
    });

    it('have no `then` on a stream: an async function may return it', async () => {
      const stream = await Promise.resolve(client.service(math).upTo(2));
      expect(await lastValueFrom(stream.pipe(toArray()))).toEqual([1, 2]);
    });
  });

  describe('schemas of handlers', () => {
    it('refuse data from any client before the handler runs', async () => {
      const error = await failure(client.call('math.add', { a: 1 }));
      expect(error).toMatchObject({
        status: 'INVALID_ARGUMENT',
        origin: 'server',
        details: { issues: [{ path: 'b' }] },
      });
    });

    it('refuse an answer, and the value of a stream', async () => {
      expect(await failure(client.call('math.wrong', {}))).toMatchObject({
        status: 'INTERNAL',
        message: expect.stringMatching(/^The answer of "math.wrong" does not fit its schema: /) as string,
      });
      const seen: unknown[] = [];
      const stream = client.send('math.wrong-later', {});
      const ended = await new Promise((resolve) =>
        stream.subscribe({ next: (value) => seen.push(value), error: resolve }),
      );
      expect(seen).toEqual([1, 2]);
      expect(ended).toMatchObject({ status: 'INTERNAL' });
    });

    it.each([
      ['zod', z.object({ a: z.number() })],
      ['valibot', v.object({ a: v.number() })],
      ['arktype', type({ a: 'number' })],
    ] as const)('may be of %s', async (_name, input) => {
      @Controller()
      class AnyController {
        @MessagePattern('any', { schema: { input } })
        any(@Payload() { a }: { a: number }): number {
          return a;
        }
      }
      await cluster.serve({ controllers: [AnyController] }, { service: 'any' });
      const any = cluster.client({ service: 'any' }).service(contract({ any: { pattern: 'any', input } }));
      expect(await any.any({ a: 1 })).toBe(1);
      const raw = cluster.client({ service: 'any' });
      expect(await failure(raw.call('any', { a: 'x' }))).toMatchObject({
        details: { issues: [{ path: 'a' }] },
      });
    });

    it('that throw, or check asynchronously, fail the call alone', async () => {
      const schema = (validate: () => never) =>
        ({ '~standard': { version: 1, vendor: 'own', validate } }) as const;
      @Controller()
      class OwnController {
        @MessagePattern('throws', {
          schema: {
            input: schema(() => {
              throw new Error('no');
            }),
          },
        })
        throws(): number {
          return 1;
        }

        @MessagePattern('later', { schema: { input: schema(() => Promise.resolve({ value: 1 }) as never) } })
        later(): number {
          return 1;
        }
      }
      await cluster.serve({ controllers: [OwnController] }, { service: 'own' });
      const own = cluster.client({ service: 'own' });
      expect(await failure(own.call('throws', {}))).toMatchObject({ status: 'INTERNAL' });
      expect(await failure(own.call('later', {}))).toMatchObject({ status: 'FAILED_PRECONDITION' });
    });

    it('that are none refuse the start, by their handler', async () => {
      @Controller()
      class BadController {
        @MessagePattern('bad', { schema: { input: { parse: () => 1 } } })
        bad(): number {
          return 1;
        }
      }
      await expect(cluster.serve({ controllers: [BadController] }, { service: 'bad' })).rejects.toThrow(
        /@MessagePattern\('bad'\) schema.input/,
      );
    });
  });
});
