import { Controller, HttpException, Logger } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcClient, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { concat, of, throwError, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const thrower = (): never => {
  throw new Error('hands off');
};

class HttpThatThrows extends HttpException {
  override getStatus(): number {
    return thrower();
  }

  override getResponse(): string {
    return thrower();
  }
}

const having = (name: string): RpcError =>
  Object.defineProperty(new RpcError('NOT_FOUND', 'no such sum'), name, { get: thrower });

const withGetter = (name: string): RpcError => {
  class Odd extends RpcError {}
  Object.defineProperty(Odd.prototype, name, { get: thrower });
  return new Odd('NOT_FOUND', 'no such sum');
};

const THROWN: Readonly<Record<string, () => unknown>> = {
  'a proxy of an RpcError': () => new Proxy(new RpcError('NOT_FOUND', 'no such sum'), { get: thrower }),
  'a getter of its details': () => withGetter('details'),
  'a getter of its origin': () => withGetter('origin'),
  'a message of its own': () => having('message'),
  'an HTTP exception': () => new HttpThatThrows('no such sum', 404),
};

describe('an error that throws at whoever reads it', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  @Controller()
  class OddController {
    @MessagePattern('throws')
    throws(@Payload() name: string): never {
      throw THROWN[name]!();
    }

    @MessagePattern('streams')
    streams(@Payload() name: string): Observable<unknown> {
      return concat(
        of(1),
        throwError(() => THROWN[name]!()),
      );
    }

    @EventPattern('event')
    event(@Payload() name: string): void {
      throw THROWN[name]!();
    }
  }

  beforeEach(async () => {
    cluster = new RpcCluster();
    ({ server } = await cluster.serve({ controllers: [OddController] }, { concurrency: 1 }));
    Logger.overrideLogger(false);
    client = cluster.client({ timeoutMs: 1_000 });
  });

  afterEach(() => cluster.close());

  it.each(Object.keys(THROWN))('fails its call at once, and frees its place: %s', async (name) => {
    await expect(client.call('throws', name)).rejects.toMatchObject({
      status: expect.stringMatching(/^(UNKNOWN|INTERNAL)$/) as string,
    });
    await expect(client.call('streams', name)).rejects.toMatchObject({
      status: expect.stringMatching(/^(UNKNOWN|INTERNAL)$/) as string,
    });
    client.emit('event', name);
    await until(() => server.counters.eventsFailed === 1 && server.callsInHand === 0);
  });

  it.each(Object.keys(THROWN))('does so as what mapException gives: %s', async (name) => {
    await cluster.serve(
      { controllers: [OddController] },
      { service: 'mapped', mapException: () => THROWN[name]!() as RpcError },
    );
    const mapped = cluster.client({ service: 'mapped', timeoutMs: 1_000 });
    await expect(mapped.call('throws', 'an HTTP exception')).rejects.toMatchObject({
      status: expect.stringMatching(/^(UNKNOWN|INTERNAL)$/) as string,
    });
  });
});
