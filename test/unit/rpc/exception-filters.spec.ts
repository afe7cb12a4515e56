import { Catch, Controller, UseFilters, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { BaseRpcExceptionFilter, MessagePattern, RpcException } from '@nestjs/microservices';
import { KafkaRpcContext, RpcError, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { of, throwError, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';

class OutOfStock extends Error {}

@Catch(OutOfStock)
class OutOfStockFilter implements ExceptionFilter<OutOfStock> {
  catch(error: OutOfStock, host: ArgumentsHost): Observable<never> {
    const pattern = host.switchToRpc().getContext<KafkaRpcContext>().getPattern();
    return throwError(() => new RpcError('FAILED_PRECONDITION', error.message, { details: { pattern } }));
  }
}

@Catch(RpcException)
class Apologetic implements ExceptionFilter<RpcException> {
  catch(): Observable<string> {
    return of('sorry');
  }
}

@Catch()
class BrokenFilter implements ExceptionFilter {
  catch(): Observable<never> {
    throw new TypeError('the password is 1234');
  }
}

@Catch()
class FailingFilter implements ExceptionFilter {
  catch(): Observable<never> {
    return throwError(() => new TypeError('the password is 1234'));
  }
}

/** As in Nest's documentation. */
@Catch(RpcException)
class TextFilter implements ExceptionFilter<RpcException> {
  catch(error: RpcException): Observable<never> {
    return throwError(() => error.getError());
  }
}

@Controller()
class ShopController {
  @MessagePattern('shop.broken')
  @UseFilters(BrokenFilter)
  broken(): never {
    throw new OutOfStock('No apples.');
  }

  @MessagePattern('shop.failing')
  @UseFilters(FailingFilter)
  failing(): never {
    throw new OutOfStock('No apples.');
  }

  @MessagePattern('shop.text')
  @UseFilters(TextFilter)
  text(): never {
    throw new RpcException('closed');
  }

  @MessagePattern('shop.buy')
  @UseFilters(OutOfStockFilter)
  buy(): never {
    throw new OutOfStock('No apples.');
  }

  @MessagePattern('shop.ask')
  @UseFilters(Apologetic)
  ask(): never {
    throw new RpcException('no');
  }

  @MessagePattern('shop.break')
  @UseFilters(BaseRpcExceptionFilter)
  break(): never {
    throw new RpcError('DATA_LOSS', 'It is gone.');
  }
}

describe('an exception filter', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;

  beforeAll(async () => {
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [ShopController] });
    client = cluster.client();
  });

  afterAll(() => cluster.close());

  it('chooses the error that the caller gets', async () => {
    await expect(client.call('shop.buy', {})).rejects.toMatchObject({
      status: 'FAILED_PRECONDITION',
      message: 'No apples.',
      details: { pattern: 'shop.buy' },
    });
  });

  it.each(['shop.broken', 'shop.failing'])('that fails itself is masked: %s', async (pattern) => {
    const error = await client.call(pattern, {}).catch((failure: RpcError) => failure);
    expect(error).toMatchObject({ status: 'INTERNAL', message: 'Internal server error' });
    expect(JSON.stringify(error)).not.toContain('1234');
  });

  it('hands on a text, as Nest’s documentation has it', async () => {
    await expect(client.call('shop.text', {})).rejects.toMatchObject({
      status: 'UNKNOWN',
      message: 'closed',
    });
  });

  it('turns an error into a value', async () => {
    expect((await client.call('shop.ask', {})).value).toBe('sorry');
  });

  it('of Nest lets an RpcError through unmasked', async () => {
    await expect(client.call('shop.break', {})).rejects.toMatchObject({
      status: 'DATA_LOSS',
      message: 'It is gone.',
    });
  });
});
