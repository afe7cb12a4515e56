import {
  Controller,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { catchError, from, lastValueFrom, map, of, throwError, toArray, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';

@Injectable()
class Doubling implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler<number>): Observable<number> {
    return next.handle().pipe(map((value) => value * 2));
  }
}

@Injectable()
class Cached implements NestInterceptor {
  intercept(): Observable<string> {
    return of('from the cache');
  }
}

@Injectable()
class Retyped implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next
      .handle()
      .pipe(catchError((error: Error) => throwError(() => new RpcError('NOT_FOUND', error.message))));
  }
}

@Controller()
class SumController {
  @MessagePattern('sum.add')
  @UseInterceptors(Doubling)
  add(@Payload() a: number): number {
    return a;
  }

  @MessagePattern('sum.range')
  @UseInterceptors(Doubling)
  range(): Observable<number> {
    return from([1, 2, 3]);
  }

  @MessagePattern('sum.cached')
  @UseInterceptors(Cached)
  cached(): string {
    return 'never';
  }

  @MessagePattern('sum.fails')
  @UseInterceptors(Retyped)
  fails(): never {
    throw new Error('gone');
  }
}

describe('a Nest interceptor', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;

  beforeAll(async () => {
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [SumController] });
    client = cluster.client();
  });

  afterAll(() => cluster.close());

  it('changes the value of a call', async () => {
    expect((await client.call('sum.add', 21)).value).toBe(42);
  });

  it('changes every value of a stream', async () => {
    expect(await lastValueFrom(client.send('sum.range', {}).pipe(toArray()))).toEqual([2, 4, 6]);
  });

  it('answers in place of the handler', async () => {
    expect((await client.call('sum.cached', {})).value).toBe('from the cache');
  });

  it('changes the error of a call', async () => {
    await expect(client.call('sum.fails', {})).rejects.toMatchObject({
      status: 'NOT_FOUND',
      message: 'gone',
    });
  });
});
