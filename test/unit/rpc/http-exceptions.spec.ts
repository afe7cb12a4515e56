import {
  BadRequestException,
  Controller,
  GoneException,
  Injectable,
  InternalServerErrorException,
  Logger,
  NotFoundException,
  ServiceUnavailableException,
  UseGuards,
  ValidationPipe,
  type CanActivate,
} from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import {
  BaseRpcExceptionFilter,
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
  TcpContext,
} from '@nestjs/microservices';
import { IsInt } from 'class-validator';
import { RpcError, type CallEnded, type KafkaRpcServerOptions } from 'nestjs-kafka-rpc';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { lastValueFrom, throwError, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

class Order {
  @IsInt()
  id!: number;
}

class NoSuchOrder extends Error {}

@Injectable()
class ClosedGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Controller()
class OrdersController {
  @MessagePattern('missing')
  missing(): never {
    throw new NotFoundException('No such order.');
  }

  @MessagePattern('gone-late')
  goneLate(): Observable<never> {
    return throwError(() => new GoneException({ message: 'Gone.', orderId: 7n }));
  }

  @MessagePattern('busy')
  async busy(): Promise<never> {
    throw new ServiceUnavailableException('Busy.');
  }

  @MessagePattern('broken')
  broken(): never {
    throw new InternalServerErrorException('Told on purpose.');
  }

  @MessagePattern('validated')
  validated(@Payload(new ValidationPipe()) _order: Order): void {}

  @MessagePattern('guarded')
  @UseGuards(ClosedGuard)
  guarded(): void {}

  @MessagePattern('numbered')
  numbered(): never {
    throw new RpcException({ code: 404, message: 'No such order.' });
  }

  @MessagePattern('entity')
  entity(): never {
    throw new NoSuchOrder('the password is 1234');
  }

  @MessagePattern('bug')
  bug(): never {
    throw new TypeError('the password is 1234');
  }

  @EventPattern('seen')
  seen(@Payload() _order: unknown): void {
    throw new BadRequestException('Not an order.');
  }
}

describe('an exception that Nest masks', () => {
  let cluster: RpcCluster;

  beforeEach(() => {
    cluster = new RpcCluster();
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await cluster.close();
  });

  const serve = (options: Partial<KafkaRpcServerOptions> = {}): Promise<unknown> =>
    cluster.serve({ controllers: [OrdersController] }, options);

  const failure = async (pattern: string, data: unknown = {}): Promise<RpcError> =>
    cluster
      .client()
      .call(pattern, data)
      .then(
        () => Promise.reject(new Error('It did not fail.')),
        (error: RpcError) => error,
      );

  it.each([
    ['missing', 'NOT_FOUND', 'No such order.', { statusCode: 404, message: 'No such order.' }],
    ['gone-late', 'NOT_FOUND', 'Gone.', { message: 'Gone.', orderId: 7n }],
    ['busy', 'UNAVAILABLE', 'Busy.', { statusCode: 503 }],
    ['broken', 'INTERNAL', 'Told on purpose.', { statusCode: 500 }],
  ])(
    'as an HttpException arrives under the fitting status, with its text and its response as details: %s',
    async (pattern, status, message, details) => {
      await serve();
      const error = await failure(pattern);
      expect(error).toBeInstanceOf(RpcError);
      expect(error).toMatchObject({ status, message, details });
    },
  );

  it('as what ValidationPipe throws arrives with each fault', async () => {
    await serve();
    const error = await failure('validated', { id: 'seven' });
    expect(error).toMatchObject({ status: 'INVALID_ARGUMENT', retryable: false });
    expect(error.message).toBe('id must be an integer number');
    expect(error.details).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: ['id must be an integer number'],
    });
  });

  it('is no guard that says no: that is PERMISSION_DENIED, as Nest words it', async () => {
    await serve();
    expect(await failure('guarded')).toMatchObject({
      status: 'PERMISSION_DENIED',
      message: 'Forbidden resource',
    });
  });

  it('is no RpcException with an HTTP status: that arrives under the fitting status', async () => {
    await serve();
    expect(await failure('numbered')).toMatchObject({ status: 'NOT_FOUND', details: { code: 404 } });
  });

  it('as what nobody foresaw stays masked, and is the cause in this process alone', async () => {
    await serve();
    const error = await failure('bug');
    expect(error).toMatchObject({ status: 'INTERNAL', message: 'Internal server error' });
    expect(JSON.stringify(error)).not.toContain('1234');
  });

  it('is mapped by mapException first; what that leaves is mapped as without it', async () => {
    const mapException = (exception: unknown): RpcError | undefined =>
      exception instanceof NoSuchOrder ? new RpcError('NOT_FOUND', 'No such order.') : undefined;
    await serve({ mapException });
    expect(await failure('entity')).toMatchObject({ status: 'NOT_FOUND', message: 'No such order.' });
    expect(await failure('busy')).toMatchObject({ status: 'UNAVAILABLE' });
    expect(await failure('bug')).toMatchObject({ status: 'INTERNAL', message: 'Internal server error' });
  });

  it('stays masked where mapException throws, or gives what is no RpcError', async () => {
    let answer: () => unknown = () => {
      throw new Error('the password is 1234');
    };
    const mapException = (): RpcError => answer() as RpcError;
    await serve({ mapException });
    const masked = { status: 'INTERNAL', message: 'Internal server error' };
    expect(await failure('entity')).toMatchObject(masked);
    answer = () => Promise.resolve(new RpcError('NOT_FOUND', 'Too late.'));
    expect(await failure('entity')).toMatchObject(masked);
  });

  it('stays masked with mapException: false', async () => {
    await serve({ mapException: false });
    expect(await failure('missing')).toMatchObject({
      status: 'INTERNAL',
      message: 'Internal server error',
    });
    expect((await failure('missing')).details).toBeUndefined();
  });

  it('fails an event under its status, and is in the log', async () => {
    const lines: unknown[] = [];
    const ends: CallEnded[] = [];
    const onEnd = (end: unknown): unknown => ends.push(end as CallEnded);
    subscribe('nestjs-kafka-rpc:call-ended', onEnd);
    await serve();
    jest.spyOn(Logger.prototype, 'error').mockImplementation((line: unknown) => void lines.push(line));
    cluster.client().emit('seen', {});
    await until(() => ends.length === 1);
    unsubscribe('nestjs-kafka-rpc:call-ended', onEnd);
    expect(ends).toMatchObject([{ pattern: 'seen', status: 'INVALID_ARGUMENT' }]);
    expect(lines.filter((line) => String(line).includes('Not an order.'))).toHaveLength(1);
  });

  it('stays masked, without a trace, for handlers of other transports', async () => {
    await serve();
    const host = new ExecutionContextHost([{}, new TcpContext([{} as never, 'missing'])]);
    host.setType('rpc');
    const masked = await lastValueFrom(
      new BaseRpcExceptionFilter().catch(new NotFoundException('No such order.'), host),
    ).catch((error: unknown) => error);
    expect(masked).toEqual({ status: 'error', message: 'Internal server error' });
    expect(Reflect.ownKeys(masked as object)).toEqual(['status', 'message']);
  });
});
