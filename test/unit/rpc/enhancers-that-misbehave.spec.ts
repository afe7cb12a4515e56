import {
  Catch,
  Controller,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcRecordBuilder, RpcError, type KafkaRpcClient, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { lastValueFrom, of, throwError, type Observable } from 'rxjs';
import { deferred } from '../../support/deferred.js';
import {
  FILTERS,
  GUARDS,
  INTERCEPTIONS,
  STUCK_HANDLERS,
  type Case,
} from '../../support/misbehaving-enhancers.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const CONCURRENCY = 4;
/** Of calls that end only by it. */
const SHORT_MS = 100;
/** Of all others: never reached. */
const LONG_MS = 10_000;

const howOf = (host: ArgumentsHost): string => host.switchToRpc().getData<{ how: string }>().how;

class Interceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return INTERCEPTIONS[howOf(context)]!.act(() => next.handle()) as Observable<unknown>;
  }
}

@Catch()
class Filter implements ExceptionFilter {
  catch(_exception: unknown, host: ArgumentsHost): unknown {
    return FILTERS[howOf(host)]!.act();
  }
}

class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return GUARDS[howOf(context)]!.act() as boolean;
  }
}

const released = deferred();
let waiting = 0;

@Controller()
class ShopController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }

  @MessagePattern('together')
  async together(@Payload() data: unknown): Promise<unknown> {
    waiting += 1;
    if (waiting === CONCURRENCY) released.resolve();
    await released.promise;
    return data;
  }

  @MessagePattern('intercepted')
  @UseInterceptors(Interceptor)
  intercepted(@Payload() data: unknown): unknown {
    return data;
  }

  @EventPattern('told intercepted')
  @UseInterceptors(Interceptor)
  toldIntercepted(@Payload() _data: unknown): void {
    return undefined;
  }

  @EventPattern('told filtered')
  @UseFilters(Filter)
  toldFiltered(@Payload() _data: unknown): unknown {
    throw new Error('out of stock');
  }

  @EventPattern('told guarded')
  @UseGuards(Guard)
  toldGuarded(@Payload() _data: unknown): void {
    return undefined;
  }

  @MessagePattern('intercepted stream')
  @UseInterceptors(Interceptor)
  stream(): Observable<number> {
    return of(1, 2, 3);
  }

  @MessagePattern('intercepted failure')
  @UseInterceptors(Interceptor)
  failure(): never {
    throw new RpcError('DATA_LOSS', 'lost');
  }

  @MessagePattern('filtered')
  @UseFilters(Filter)
  filtered(@Payload() _data: unknown): unknown {
    throw new Error('out of stock');
  }

  @MessagePattern('filtered stream')
  @UseFilters(Filter)
  filteredStream(): Observable<never> {
    return throwError(() => new Error('out of stock'));
  }

  @MessagePattern('guarded')
  @UseGuards(Guard)
  guarded(@Payload() data: unknown): unknown {
    return data;
  }
}

const casesOf = (kinds: Readonly<Record<string, Case<unknown>>>): [string, string, string][] =>
  Object.entries(kinds).flatMap(([how, { ends }]) =>
    Object.entries(ends).map(([pattern, end]): [string, string, string] => [how, pattern, end]),
  );

describe('a part of Nest around a handler', () => {
  let cluster: RpcCluster;
  let server: KafkaRpcServer;
  let client: KafkaRpcClient;
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown): void => void unhandled.push(error);

  beforeAll(async () => {
    process.on('unhandledRejection', onUnhandled);
    process.on('uncaughtException', onUnhandled);
    cluster = new RpcCluster();
    const options = {
      partitions: 1,
      concurrency: CONCURRENCY,
      maxAbandonedHandlers: 100,
      gracePeriodMs: 20,
      mapException: () => undefined,
    };
    ({ server } = await cluster.serve({ controllers: [ShopController] }, options));
    client = cluster.client({ timeoutMs: LONG_MS });
    await client.call('echo', 0);
  });

  afterAll(async () => {
    await cluster.close();
    process.off('unhandledRejection', onUnhandled);
    process.off('uncaughtException', onUnhandled);
  });

  const outcome = (pattern: string, data: unknown, timeoutMs: number): Promise<unknown> =>
    client.call(pattern, data, { timeoutMs }).then(
      () => 'answered',
      (error: unknown) => (error instanceof RpcError ? error.status : error),
    );

  describe.each([
    ['an interceptor', casesOf(INTERCEPTIONS)],
    ['a filter', casesOf(FILTERS)],
    ['a guard', casesOf(GUARDS)],
  ])('%s', (_part, cases) => {
    it.each(cases)(
      'that %s (%s) is %s for its call, and nothing for those beside it',
      async (how, pattern, end) => {
        const timeoutMs = end === 'DEADLINE_EXCEEDED' ? SHORT_MS : LONG_MS;
        const own = outcome(pattern, { how }, timeoutMs);
        const event = new KafkaRpcRecordBuilder({ how }).setTimeout(SHORT_MS).build();
        const told = lastValueFrom(client.emit(`told ${pattern.split(' ')[0]!}`, event));
        const beside = [1, 2, 3].map((data) => client.call('echo', data));
        expect((await Promise.all(beside)).map(({ value }) => value)).toEqual([1, 2, 3]);
        expect(await own).toBe(end);
        await Promise.allSettled([told]);
        expect((await client.call('echo', 4)).value).toBe(4);
        expect(client.openCalls).toBe(0);
        expect(unhandled).toEqual([]);
      },
    );
  });

  it('leaves all places free, and no handler in hand but those that never settle', async () => {
    const calls = Array.from({ length: CONCURRENCY }, (_each, data) => client.call('together', data));
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual([0, 1, 2, 3]);
    const free = performance.now() + 5_000;
    await until(() => server.callsInHand === STUCK_HANDLERS || performance.now() > free);
    expect([server.callsInHand, server.abandonedHandlers]).toEqual([STUCK_HANDLERS, STUCK_HANDLERS]);
    expect(server.counters.eventsFailed).toBeGreaterThan(0);
    expect(unhandled).toEqual([]);
  });
});
