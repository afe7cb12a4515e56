import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import {
  KafkaRpcRecordBuilder,
  RpcError,
  RpcStatus,
  type KafkaDriver,
  type KafkaRpcClient,
} from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';

@Controller()
class SumController {
  @MessagePattern('sum.echo')
  echo(data: unknown): unknown {
    return data;
  }

  @MessagePattern('sum.slow')
  async slow(): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return 'done';
  }
}

const LIMIT_MS = 1_000;

describe('a call to a service without a live server', () => {
  let cluster: RpcCluster;

  beforeEach(() => {
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  const serve = (options: object = {}) => cluster.serve({ controllers: [SumController] }, options);

  const failureOf = async (call: Promise<unknown>): Promise<{ error: RpcError; ms: number }> => {
    const startedAt = performance.now();
    const error = await call.then(
      () => Promise.reject(new Error('It was answered.')),
      (failure: RpcError) => failure,
    );
    return { error, ms: performance.now() - startedAt };
  };

  const expectNoServer = async (call: Promise<unknown>): Promise<void> => {
    const { error, ms } = await failureOf(call);
    expect(error).toMatchObject({ status: 'UNAVAILABLE', retryable: true });
    expect(error.message).toContain('no server for "sum.echo"');
    expect(ms).toBeLessThan(LIMIT_MS);
  };

  it("fails within a second with whenNoServer: 'fail', where there never was one", async () => {
    const client = cluster.client({ whenNoServer: 'fail' });
    await expectNoServer(client.call('sum.echo', 1));
    await expectNoServer(lastValueFrom(client.send('sum.echo', 1)));
    expect(client.openCalls).toBe(0);
  });

  it('fails where the last one has closed, and is answered when there is one again', async () => {
    const { app } = await serve();
    const client = cluster.client({ whenNoServer: 'fail' });
    expect(await client.call('sum.echo', 1)).toMatchObject({ value: 1 });
    await app.close();

    await expectNoServer(client.call('sum.echo', 2));
    await serve();

    expect(await client.call('sum.echo', 3)).toMatchObject({ value: 3 });
  });

  it('fails, although it is open already, when the last one goes', async () => {
    const { app } = await serve({ gracePeriodMs: 10, concurrency: 1 });
    const client = cluster.client({ whenNoServer: 'fail' });
    const open = [1, 2, 3].map((data) => client.call('sum.slow', data));
    const failures = Promise.all(open.map((call) => call.catch((error: RpcError) => error.status)));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await app.close();
    expect(await failures).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE']);
  });

  it('fails for one call that asks for it, by call() and by a record', async () => {
    const client = cluster.client();
    await expectNoServer(client.call('sum.echo', 1, { whenNoServer: 'fail' }));
    const record = new KafkaRpcRecordBuilder(1).setWhenNoServer('fail').build();
    await expectNoServer(lastValueFrom(client.send('sum.echo', record)));
  });

  it('waits by default, and for one call that asks for it', async () => {
    const patient = cluster.client();
    const mostly = cluster.client({ whenNoServer: 'fail' });
    const calls = [patient.call('sum.echo', 1), mostly.call('sum.echo', 2, { whenNoServer: 'wait' })];
    await new Promise((resolve) => setTimeout(resolve, 700));
    await serve();
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual([1, 2]);
  });

  it('does not fail a call whose handler is slow, nor one whose servers have a group of their own', async () => {
    await serve({ groupId: 'own' });
    const told = cluster.client({ whenNoServer: 'fail', groupId: 'own' });
    const untold = cluster.client({ whenNoServer: 'fail' });
    const calls = [told.call('sum.slow', 1), untold.call('sum.slow', 1)];
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual(['done', 'done']);
  });

  it('is not asked about while calls are answered', async () => {
    await serve();
    let asked = 0;
    const driver: KafkaDriver = {
      name: 'counting',
      connect: async (options) => {
        const connection = await cluster.driver.connect(options);
        const describe = connection.describeGroup?.bind(connection);
        connection.describeGroup = (group) => ((asked += 1), describe!(group));
        return connection;
      },
    };
    const client: KafkaRpcClient = cluster.client({ driver, whenNoServer: 'fail' });
    await client.call('sum.echo', 0);
    const first = asked;
    for (let i = 0; i < 2_000; i++) await client.call('sum.echo', i);
    expect(first).toBeLessThanOrEqual(1);
    expect(asked - first).toBeLessThanOrEqual(1);
  });

  it('waits, and says why, where the client may not know, or cannot', async () => {
    const blind: KafkaDriver = {
      name: 'blind',
      connect: async (options) => {
        const connection = await cluster.driver.connect(options);
        connection.describeGroup = undefined;
        return connection;
      },
    };
    const client = cluster.client({ driver: blind, whenNoServer: 'fail' });
    const call = client.call('sum.echo', 1);
    await new Promise((resolve) => setTimeout(resolve, 700));
    await serve();
    expect(await call).toMatchObject({ value: 1 });
  });

  it('is asked about again at once where the coordinator could not say', async () => {
    let asked = 0;
    const driver: KafkaDriver = {
      name: 'busy',
      connect: async (options) => {
        const connection = await cluster.driver.connect(options);
        const describe = connection.describeGroup?.bind(connection);
        connection.describeGroup = async (group) => {
          asked += 1;
          if (asked < 3) throw new RpcError(RpcStatus.UNAVAILABLE, 'The coordinator is loading.');
          return describe!(group);
        };
        return connection;
      },
    };
    const { error, ms } = await failureOf(
      cluster.client({ driver, whenNoServer: 'fail' }).call('sum.echo', 1),
    );
    expect(error.message).toContain('no server for "sum.echo"');
    expect(ms).toBeLessThan(2 * LIMIT_MS);
    expect(asked).toBeGreaterThanOrEqual(3);
  });

  it('refuses other words, and the option for events', async () => {
    expect(() => cluster.client({ whenNoServer: 'hope' as 'wait' })).toThrow(/whenNoServer/);
    const client = cluster.client();
    await expect(client.call('sum.echo', 1, { whenNoServer: true as never })).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
    });
    await expect(lastValueFrom(client.emit('told', 1, { whenNoServer: 'fail' }))).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
    });
  });
});
