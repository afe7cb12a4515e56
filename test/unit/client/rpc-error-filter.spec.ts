import { Controller, Get, Logger, UnprocessableEntityException } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { MessagePattern, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import { KafkaRpcServer, RpcError, RpcErrorFilter, RpcStatus, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { Gateway, PLATFORMS } from '../../support/gateway.js';
import { RpcCluster } from '../../support/rpc-cluster.js';

@Controller()
class OrdersController {
  @MessagePattern('fail')
  fail(@Payload() status: RpcStatus): never {
    throw new RpcError(status, `It is ${status}.`, { details: { field: 'b' } });
  }

  @MessagePattern('slow-down')
  slowDown(): never {
    throw new RpcError('RESOURCE_EXHAUSTED', 'Slow down.', { details: { retryAfterMs: 2_100 } });
  }

  @MessagePattern('never')
  never(): never {
    throw new RpcError('UNAVAILABLE', 'Never again.', { retryable: false });
  }

  @MessagePattern('much')
  much(): Buffer {
    return Buffer.alloc(2_000_000);
  }

  @MessagePattern('used-up')
  usedUp(): never {
    throw new RpcError('RESOURCE_EXHAUSTED', 'Used up.', { retryable: false, details: { reason: 'quota' } });
  }

  @MessagePattern('unprocessable')
  unprocessable(): never {
    throw new UnprocessableEntityException(['a is missing', 'b is 0']);
  }
}

const gatewayController = (orders: KafkaRpcClient): new () => object => {
  @Controller()
  class GatewayController {
    @Get('/own')
    own(): never {
      throw new RpcError('NOT_FOUND', 'No such page.');
    }

    @Get('/config')
    config(): Promise<unknown> {
      return orders.call('fail', () => 'no data');
    }

    @Get('/large')
    large(): Promise<unknown> {
      return orders.call('fail', Buffer.alloc(2_000_000));
    }

    @Get('/much')
    much(): Promise<unknown> {
      return orders.call('much', {});
    }

    @Get('/used-up')
    usedUp(): Promise<unknown> {
      return orders.call('used-up', {});
    }

    @Get('/late')
    late(): Promise<unknown> {
      return orders.call('no such pattern', {}, { signal: AbortSignal.abort() });
    }

    @Get('/orders/:pattern')
    orders(): void {}

    @MessagePattern('gateway.fail')
    fail(@Payload() status: RpcStatus): never {
      throw new RpcError(status, 'Not for HTTP.');
    }
  }
  // One route per failure, as paths with a colon are read alike by both platforms.
  for (const status of Object.values(RpcStatus))
    route(GatewayController, `/fail/${status}`, () => orders.call('fail', status));
  for (const pattern of ['slow-down', 'never', 'unprocessable'])
    route(GatewayController, `/${pattern}`, () => orders.call(pattern, {}));
  return GatewayController;
};

const route = (controller: { prototype: object }, path: string, handle: () => unknown): void => {
  Object.defineProperty(controller.prototype, path, { value: handle, configurable: true, writable: true });
  Get(path)(controller.prototype, path, Object.getOwnPropertyDescriptor(controller.prototype, path)!);
};

const HTTP_STATUS: Readonly<Record<RpcStatus, number>> = {
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
  UNAUTHENTICATED: 401,
};

describe.each(PLATFORMS)('RpcErrorFilter on %s', (platform) => {
  let cluster: RpcCluster;
  let gateway: Gateway;
  const logged: unknown[] = [];

  beforeAll(async () => {
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [OrdersController] }, { service: 'orders' });
    const orders = cluster.client({ service: 'orders' });
    gateway = await Gateway.start(
      {
        controllers: [gatewayController(orders)],
        providers: [{ provide: APP_FILTER, useClass: RpcErrorFilter }],
      },
      platform,
    );
    jest.spyOn(Logger.prototype, 'error').mockImplementation((line: unknown) => void logged.push(line));
  });

  beforeEach(() => void logged.splice(0));

  afterAll(async () => {
    await gateway.close();
    await cluster.close();
    jest.restoreAllMocks();
  });

  it.each(Object.entries(HTTP_STATUS))('answers %s with %i', async (status, statusCode) => {
    const answer = await gateway.get(`/fail/${status}`);
    expect(answer.statusCode).toBe(statusCode);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.body).toMatchObject({ statusCode });
  });

  it('tells text and details where they are the client’s to mend', async () => {
    expect((await gateway.get('/fail/NOT_FOUND')).body).toEqual({
      statusCode: 404,
      error: 'Not Found',
      message: 'It is NOT_FOUND.',
      status: 'NOT_FOUND',
      details: { field: 'b' },
    });
    expect(logged).toEqual([]);
  });

  it('answers 413 to what is too large for a record, and tells nobody to try again', async () => {
    const { statusCode, headers, body } = await gateway.get('/large');
    expect(statusCode).toBe(413);
    expect(headers.get('retry-after')).toBeNull();
    expect(body).toEqual({
      statusCode: 413,
      error: 'Payload Too Large',
      message: 'Payload Too Large',
      status: 'RESOURCE_EXHAUSTED',
    });
  });

  it('answers 500 to a reply that is too large, which is none of the client’s limits, and 429 to one of those', async () => {
    expect(await gateway.get('/much')).toMatchObject({
      statusCode: 500,
      body: { statusCode: 500, message: 'Internal server error' },
    });
    expect(await gateway.get('/used-up')).toMatchObject({ statusCode: 429, body: { message: 'Used up.' } });
  });

  it('tells neither where they are not, and logs them', async () => {
    expect((await gateway.get('/fail/INTERNAL')).body).toEqual({
      statusCode: 500,
      message: 'Internal server error',
    });
    expect((await gateway.get('/fail/UNAVAILABLE')).body).toEqual({
      statusCode: 503,
      error: 'Service Unavailable',
      message: 'Service Unavailable',
      status: 'UNAVAILABLE',
    });
    expect(logged).toEqual([
      expect.stringContaining('It is INTERNAL.'),
      expect.stringContaining('It is UNAVAILABLE.'),
    ]);
  });

  it('says when to try again, where that may help', async () => {
    const retryAfter = async (path: string): Promise<string | null> =>
      (await gateway.get(path)).headers.get('retry-after');
    expect(await retryAfter('/fail/UNAVAILABLE')).toBe('1');
    expect(await retryAfter('/slow-down')).toBe('3');
    expect(await retryAfter('/never')).toBeNull();
    expect(await retryAfter('/fail/ABORTED')).toBeNull();
    expect(await retryAfter('/fail/NOT_FOUND')).toBeNull();
  });

  it('answers with what an HttpException of the inner service would have', async () => {
    const { statusCode, body } = await gateway.get('/unprocessable');
    expect({ statusCode, body }).toEqual({
      statusCode: 422,
      body: { statusCode: 422, error: 'Unprocessable Entity', message: ['a is missing', 'b is 0'] },
    });
  });

  it('answers errors that the gateway itself throws', async () => {
    expect(await gateway.get('/own')).toMatchObject({ statusCode: 404, body: { message: 'No such page.' } });
  });

  it('takes what is wrong with the gateway’s own call for nothing that its user did', async () => {
    expect((await gateway.get('/config')).body).toEqual({
      statusCode: 500,
      message: 'Internal server error',
    });
    expect((await gateway.get('/late')).body).toEqual({
      statusCode: 499,
      error: 'Client Closed Request',
      message: 'Client Closed Request',
      status: 'CANCELLED',
    });
  });
});

describe('RpcErrorFilter', () => {
  it('in a hybrid app hands RPC handlers’ errors on as they are', async () => {
    const cluster = new RpcCluster();
    const controllers = [gatewayController(cluster.client())];
    const gateway = await Gateway.start({ controllers }, undefined, async (app) => {
      app.useGlobalFilters(new RpcErrorFilter({ retryAfterSeconds: 7 }));
      const strategy = new KafkaRpcServer({ service: 'gateway', driver: cluster.driver });
      app.connectMicroservice<MicroserviceOptions>({ strategy }, { inheritAppConfig: true });
    });
    await gateway.app.startAllMicroservices();
    try {
      const client = cluster.client({ service: 'gateway' });
      await expect(client.call('gateway.fail', 'ABORTED')).rejects.toMatchObject({
        status: 'ABORTED',
        message: 'Not for HTTP.',
      });
    } finally {
      await gateway.close();
      await cluster.close();
    }
  });

  it('refuses options that it does not have, and values that cannot be', () => {
    expect(() => new RpcErrorFilter({ retryAfterSeconds: -1 })).toThrow(/"retryAfterSeconds" is -1/);
    expect(() => new RpcErrorFilter({ retryAfter: 1 } as never)).toThrow(/retryAfter/);
  });
});
