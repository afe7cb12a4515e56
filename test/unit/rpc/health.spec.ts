import { Controller } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { MessagePattern } from '@nestjs/microservices';
import { indicateHealth, KafkaRpcServer, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { setTimeout as sleep } from 'node:timers/promises';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

@Controller()
class SumController {
  @MessagePattern('sum.one')
  one(): number {
    return 1;
  }

  @MessagePattern('sum.never')
  never(): Promise<never> {
    return new Promise(() => undefined);
  }
}

describe('health()', () => {
  let cluster: RpcCluster;

  beforeEach(() => {
    cluster = new RpcCluster();
  });
  afterEach(() => cluster.close());

  describe('of a server', () => {
    it('goes with it from its start to its end', async () => {
      const idle = new KafkaRpcServer({ service: 'sum', driver: cluster.driver });
      expect(idle.health()).toMatchObject({
        state: 'stopped',
        reason: 'listen() was not called',
        isReady: false,
        isLive: true,
      });

      const { app, server } = await cluster.serve({ controllers: [SumController] });
      expect(server.health()).toMatchObject({
        state: 'connected',
        reason: undefined,
        isReady: true,
        partitions: 8,
      });
      await app.close();
      expect(server.health()).toMatchObject({
        state: 'stopped',
        reason: 'close() was called',
        isReady: false,
      });
    });

    it('says why it could not start', async () => {
      cluster.driver.stopBroker();
      const server = new KafkaRpcServer({ service: 'sum', driver: cluster.driver });
      const failure = await new Promise((resolve) => server.listen(resolve));
      expect(server.health()).toMatchObject({
        state: 'stopped',
        reason: `listen() failed: ${(failure as Error).message}`,
        isLive: true,
      });
    });

    it('is not ready while the broker is away, and live; and ready when it is back', async () => {
      const { server } = await cluster.serve({ controllers: [SumController] });
      const before = server.health().since;
      await sleep(5);
      cluster.driver.stopBroker();
      await until(() => !server.health().isReady);
      const away = server.health();
      expect(away).toMatchObject({ state: 'disconnected', isLive: true });
      expect(away.since.getTime()).toBeGreaterThan(before.getTime());
      cluster.driver.startBroker();
      await until(() => server.health().isReady);
      expect(server.health().reason).toBeUndefined();
    });

    it('is closing, and not ready, while handlers end', async () => {
      const { app, server } = await cluster.serve({ controllers: [SumController] }, { gracePeriodMs: 200 });
      const client = cluster.client();
      const call = client.call('sum.never', {}, { timeoutMs: 150 }).catch(() => undefined);
      await until(() => server.callsInHand === 1);
      const closed = app.close();
      await until(() => server.health().state === 'closing');
      expect(server.health()).toMatchObject({ isReady: false, isLive: true, running: 1 });
      await Promise.all([call, closed]);
    });

    it('is not live when calls wait and no handler gets on', async () => {
      const { server } = await cluster.serve({ controllers: [SumController] }, { concurrency: 1 });
      const client = cluster.client({ timeoutMs: 60_000 });
      const calls = ['sum.never', 'sum.one'].map((pattern) =>
        client.call(pattern, {}).catch(() => undefined),
      );
      await until(() => server.callsInHand === 2);
      expect(server.health({ stuckAfterMs: 20 })).toMatchObject({ isLive: true, isReady: true });
      await sleep(30);
      expect(server.health({ stuckAfterMs: 20 })).toMatchObject({
        isLive: false,
        running: 1,
        stuck: { queued: 1 },
      });
      expect(server.health().isLive).toBe(true);
      await client.close();
      await Promise.all(calls);
    });

    it.each([0, NaN, '1'])('refuses %p as time', async (stuckAfterMs) => {
      const { server } = await cluster.serve({ controllers: [SumController] });
      expect(() => server.health({ stuckAfterMs: stuckAfterMs as number })).toThrow(/stuckAfterMs/);
    });
  });

  describe('of a client', () => {
    it('is idle and ready until it is used, connected then, and closed at last', async () => {
      await cluster.serve({ controllers: [SumController] });
      const client = cluster.client();
      expect(client.health()).toMatchObject({ state: 'idle', isReady: true, isLive: true, openCalls: 0 });
      await client.call('sum.one', {});
      expect(client.health()).toMatchObject({ state: 'connected', reason: undefined, isReady: true });
      await client.close();
      expect(client.health()).toMatchObject({ state: 'closed', isReady: false, isLive: true });
      await client.call('sum.one', {});
      expect(client.health().state).toBe('connected');
    });

    it('says that it cannot connect, and why', async () => {
      cluster.driver.stopBroker();
      const client: KafkaRpcClient = cluster.client();
      const failure = await client.connect().catch((error: Error) => error.message);
      expect(client.health()).toMatchObject({
        state: 'disconnected',
        reason: failure,
        isReady: false,
        isLive: true,
      });
      cluster.driver.startBroker();
      await client.connect();
      expect(client.health()).toMatchObject({ state: 'connected', reason: undefined });
    });

    it('follows its connection', async () => {
      const client = cluster.client();
      await client.connect();
      cluster.driver.stopBroker();
      await until(() => !client.health().isReady);
      cluster.driver.startBroker();
      await until(() => client.health().isReady);
    });
  });

  describe('in Terminus', () => {
    it('is up or down, with all that is known', async () => {
      const indicators = new HealthIndicatorService();
      const { app, server } = await cluster.serve({ controllers: [SumController] });
      const up = indicateHealth(indicators.check('kafka'), server);
      expect(up).toMatchObject({ kafka: { status: 'up', state: 'connected', partitions: 8 } });
      await app.close();
      const down = indicateHealth(indicators.check('kafka'), server);
      expect(down).toMatchObject({ kafka: { status: 'down', reason: 'close() was called' } });
      const live = indicateHealth(indicators.check('kafka'), server, 'liveness');
      expect(live).toMatchObject({ kafka: { status: 'up' } });
    });
  });
});
