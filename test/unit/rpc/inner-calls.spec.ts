import { Controller, Logger } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcClient, RpcError, type KafkaRpcServerOptions, type RpcStatus } from 'nestjs-kafka-rpc';
import type { Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';

@Controller()
class StockController {
  @MessagePattern('stock.fail')
  fail(@Payload() status: RpcStatus): never {
    throw new RpcError(status, 'the password is 1234', { details: { secret: '1234' } });
  }
}

/** A service that calls another one to answer. */
const ordersController = (stock: KafkaRpcClient): new () => object => {
  @Controller()
  class OrdersController {
    @MessagePattern('orders.call')
    async call(@Payload() status: RpcStatus): Promise<unknown> {
      return (await stock.call('stock.fail', status)).value;
    }

    @MessagePattern('orders.send')
    send(@Payload() status: RpcStatus): Observable<unknown> {
      return stock.send('stock.fail', status);
    }

    @MessagePattern('orders.translate')
    async translate(@Payload() status: RpcStatus): Promise<unknown> {
      return stock.call('stock.fail', status).catch((error: RpcError) => {
        throw new RpcError(error.status, 'Out of stock.', { details: { item: 7 } });
      });
    }

    @MessagePattern('orders.nonsense')
    async nonsense(): Promise<unknown> {
      return stock.call('stock.fail', () => 'no data');
    }
  }
  return OrdersController;
};

describe('what a call made by a handler failed with', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  const lines: string[] = [];

  beforeEach(async () => {
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [StockController] }, { service: 'stock' });
    lines.splice(0);
    jest
      .spyOn(Logger.prototype, 'error')
      .mockImplementation((line: unknown) => void lines.push(String(line)));
  });

  afterEach(async () => {
    await cluster.close();
    jest.restoreAllMocks();
  });

  const serve = async (options: Partial<KafkaRpcServerOptions> = {}): Promise<void> => {
    const stock = cluster.client({ service: 'stock' });
    await cluster.serve({ controllers: [ordersController(stock)] }, { service: 'orders', ...options });
    client = cluster.client({ service: 'orders' });
  };

  const failure = (pattern: string, data: unknown = {}): Promise<RpcError> =>
    client.call(pattern, data).then(
      () => Promise.reject(new Error('It did not fail.')),
      (error: RpcError) => error,
    );

  it.each(['orders.call', 'orders.send'])(
    'is masked for the handler’s caller, and in the log (S14): %s',
    async (pattern) => {
      await serve();
      const error = await failure(pattern, 'NOT_FOUND');
      expect(error).toMatchObject({ status: 'INTERNAL', message: 'Internal server error' });
      expect(error.details).toBeUndefined();
      expect(lines).toEqual([
        expect.stringMatching(
          new RegExp(`^Call of "${pattern}" failed, masked, as a call that it made: .*the password is 1234`),
        ),
      ]);
    },
  );

  it.each(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED'])(
    'keeps a status about availability, without text and details: %s',
    async (status) => {
      await serve();
      const error = await failure('orders.call', status);
      expect(error.toJSON()).toEqual({
        name: 'RpcError',
        status,
        message: `A call made by the handler of "orders.call" failed: ${status}.`,
        details: undefined,
        retryable: status !== 'DEADLINE_EXCEEDED',
      });
    },
  );

  it('is told as the handler words it', async () => {
    await serve();
    expect(await failure('orders.translate', 'NOT_FOUND')).toMatchObject({
      status: 'NOT_FOUND',
      message: 'Out of stock.',
      details: { item: 7 },
    });
    expect(lines).toEqual([]);
  });

  it('is masked too where this side found it, as nothing that its caller did', async () => {
    await serve();
    expect(await failure('orders.nonsense')).toMatchObject({ status: 'INTERNAL' });
  });

  it('is passed on whole by mapException that gives it', async () => {
    await serve({ mapException: (error) => (error instanceof RpcError ? error : undefined) });
    expect(await failure('orders.call', 'NOT_FOUND')).toMatchObject({
      status: 'NOT_FOUND',
      message: 'the password is 1234',
      details: { secret: '1234' },
    });
  });

  it('is masked whole, as by Nest’s own transports, with mapException: false', async () => {
    await serve({ mapException: false });
    expect(await failure('orders.call', 'UNAVAILABLE')).toMatchObject({ status: 'INTERNAL' });
  });

  it('says where it comes from', async () => {
    await serve();
    const stock = cluster.client({ service: 'stock' });
    const failureOf = (data: unknown): Promise<RpcError> =>
      stock.call('stock.fail', data).then(
        () => Promise.reject(new Error('It did not fail.')),
        (error: RpcError) => error,
      );
    expect((await failureOf('ABORTED')).origin).toBe('server');
    expect((await failureOf(() => 'no data')).origin).toBe('client');
    expect(new RpcError('ABORTED', 'mine').origin).toBeUndefined();
  });
});
