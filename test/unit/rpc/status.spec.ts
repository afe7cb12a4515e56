import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { KafkaRpcServer, RpcError, type DriverConnection } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(): number {
    return 3;
  }
}

describe('the state', () => {
  let cluster: RpcCluster;

  beforeEach(() => {
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  describe('of a client', () => {
    it('is told by status and on(): connected, disconnected, connected again', async () => {
      const client = cluster.client();
      const states: string[] = [];
      const events: string[] = [];
      client.status.subscribe((state) => states.push(state));
      client.on('connected', () => events.push('connected'));
      client.on('disconnected', (error) => events.push(error === undefined ? 'closed' : 'lost'));
      expect(states).toEqual([]);
      await client.connect();
      cluster.driver.stopBroker();
      cluster.driver.startBroker();
      expect(states).toEqual(['connected', 'disconnected', 'connected']);
      expect(events).toEqual(['connected', 'lost', 'connected']);
    });

    it('is told by unwrap(): the driver’s connection, once there is one', async () => {
      const client = cluster.client();
      expect(() => client.unwrap()).toThrow(RpcError);
      expect(() => client.unwrap()).toThrow('await connect() first');
      await client.connect();
      expect(await client.unwrap<DriverConnection>().partitionCount('rpc.replies')).toBe(32);
      await client.close();
      expect(() => client.unwrap()).toThrow('await connect() first');
    });

    it('tells several listeners of the same event', async () => {
      const client = cluster.client();
      const [first, second] = [jest.fn(), jest.fn()];
      client.on('connected', first);
      client.on('connected', second);
      await client.connect();
      expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 1]);
    });
  });

  describe('of a server', () => {
    it('is told by status and on(): connected, disconnected, stopped', async () => {
      const server = new KafkaRpcServer({ service: 'sum', driver: cluster.driver });
      const states: string[] = [];
      const events: string[] = [];
      server.status.subscribe((state) => states.push(state));
      server.on('connected', () => events.push('connected'));
      server.on('disconnected', (error) => events.push(error === undefined ? 'closed' : 'lost'));
      await new Promise((resolve) => server.listen(resolve));
      expect(states[states.length - 1]).toBe('connected');
      cluster.driver.stopBroker();
      cluster.driver.startBroker();
      await server.close();
      expect(states.slice(-4)).toEqual(['disconnected', 'connected', 'disconnected', 'stopped']);
      expect(events).toEqual(['connected', 'lost', 'connected', 'closed']);
    });

    it('is told of a rebalance of its group', async () => {
      const { server } = await cluster.serve({ controllers: [SumController] });
      const groups: string[] = [];
      server.on('rebalancing', (group) => groups.push(group));
      await cluster.serve({ controllers: [SumController] });
      expect(groups).toContain('rpc.sum');
    });

    it('is told by unwrap(): the driver’s connection, while it runs', async () => {
      const { server, app } = await cluster.serve({ controllers: [SumController] });
      expect(await server.unwrap<DriverConnection>().partitionCount('rpc.sum.requests')).toBe(8);
      await app.close();
      expect(() => server.unwrap()).toThrow('await listen() first');
    });

    it('is told by callsInHand and counters', async () => {
      const { server } = await cluster.serve({ controllers: [SumController] });
      await cluster.client().call('sum.add', {});
      expect(server.counters.callsStarted).toBe(1);
      await until(() => server.callsInHand === 0);
    });
  });
});
