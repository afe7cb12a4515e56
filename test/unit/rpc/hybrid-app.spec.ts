import {
  Catch,
  Controller,
  Injectable,
  Logger,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { KafkaRpcContext, KafkaRpcServer, RpcError } from 'nestjs-kafka-rpc';
import { moduleOf, RpcCluster } from '../../support/rpc-cluster.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() data: number): number {
    return data + 1;
  }

  @MessagePattern('sum.fail')
  fail(): never {
    throw new Error('a bug');
  }
}

/** As in Nest's documentation, for HTTP alone. */
@Catch()
class HttpFilter implements ExceptionFilter {
  catch(_exception: unknown, host: ArgumentsHost): void {
    const response = host
      .switchToHttp()
      .getResponse<{ status(code: number): { json(body: object): void } }>();
    response.status(500).json({ statusCode: 500 });
  }
}

@Injectable()
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.switchToRpc().getContext<KafkaRpcContext>().getHeaders()['token'] === 'good') return true;
    throw new RpcError('UNAUTHENTICATED', 'Send a token.');
  }
}

describe('a hybrid app', () => {
  let cluster: RpcCluster;

  beforeEach(() => {
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  const startHybrid = async (
    inheritAppConfig: boolean,
    prepare = (app: INestApplication): unknown => app.useGlobalGuards(new TokenGuard()),
  ): Promise<void> => {
    const app = await NestFactory.create(moduleOf({ controllers: [SumController] }), { logger: false });
    prepare(app);
    const strategy = new KafkaRpcServer({ service: 'sum', driver: cluster.driver });
    app.connectMicroservice<MicroserviceOptions>({ strategy }, { inheritAppConfig });
    await app.startAllMicroservices();
    await app.init();
    cluster.onClose(() => app.close());
  };

  it('serves calls', async () => {
    await startHybrid(false);
    expect((await cluster.client().call('sum.add', 1)).value).toBe(2);
  });

  it('with inheritAppConfig applies its global guards to calls', async () => {
    await startHybrid(true);
    const client = cluster.client();
    await expect(client.call('sum.add', 1)).rejects.toMatchObject({ status: 'UNAUTHENTICATED' });
    expect((await client.call('sum.add', 1, { headers: { token: 'good' } })).value).toBe(2);
  });

  it('whose global filter is made for HTTP says in the log what to do about it', async () => {
    const lines: string[] = [];
    await startHybrid(true, (app) => app.useGlobalFilters(new HttpFilter()));
    jest
      .spyOn(Logger.prototype, 'error')
      .mockImplementation((line: unknown) => void lines.push(String(line)));
    try {
      await expect(cluster.client().call('sum.fail', 1)).rejects.toMatchObject({
        status: 'INTERNAL',
        message: 'Internal server error',
      });
    } finally {
      jest.restoreAllMocks();
    }
    expect(lines).toEqual([expect.stringContaining("if (host.getType() === 'rpc') return throwError")]);
    expect(lines[0]).toMatch(/^Call of "sum\.fail" failed in a filter or hook/);
  });
});
