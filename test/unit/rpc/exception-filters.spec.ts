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

@Controller()
class ShopController {
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
