import { Controller } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, type MicroserviceOptions } from '@nestjs/microservices';
import { KafkaRpcContext, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { moduleOf, RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const PUBLIC = Symbol('public');
const INTERNAL = Symbol('internal');

@Controller()
class TopicController {
  @MessagePattern('topic')
  topic(@Ctx() context: KafkaRpcContext): string {
    return context.getTopic();
  }
}

@Controller()
class TwoSidedController {
  @MessagePattern('hello', PUBLIC)
  greet(): string {
    return 'public';
  }

  @MessagePattern('audit', INTERNAL)
  audit(): string {
    return 'internal';
  }

  @MessagePattern('both')
  both(): string {
    return 'both';
  }
}

describe('one server', () => {
  it('serves several services, each from its own topic and group, and commits each', async () => {
    const cluster = new RpcCluster();
    const { app, server } = await cluster.serve(
      { controllers: [TopicController] },
      { service: ['sum', 'audit'], groupId: (service) => `group-of-${service}` },
    );
    const clients = ['sum', 'audit'].map((service) => cluster.client({ service }));
    const topics = await Promise.all(clients.map((client) => client.call('topic', {})));
    expect(topics.map(({ value }) => value)).toEqual(['rpc.sum.requests', 'rpc.audit.requests']);

    const groups: string[] = [];
    server.on('rebalancing', (group) => groups.push(group));
    const options = { service: 'audit', groupId: 'group-of-audit' };
    const second = await cluster.serve({ controllers: [TopicController] }, options);
    expect(groups).toEqual(['group-of-audit']);
    await app.close();
    await clients[1]!.call('topic', {});
    expect(second.server.counters.callsStarted).toBe(1);
    await cluster.close();
  });
});

describe('two servers with a transportId each, in one app', () => {
  it('have the handlers of their own transport, and those of none', async () => {
    const cluster = new RpcCluster();
    const app = await NestFactory.create(moduleOf({ controllers: [TwoSidedController] }), { logger: false });
    cluster.onClose(() => app.close());
    const strategies = [
      new KafkaRpcServer({ service: 'public', driver: cluster.driver, transportId: PUBLIC }),
      new KafkaRpcServer({ service: 'internal', driver: cluster.driver, transportId: INTERNAL }),
    ];
    for (const strategy of strategies) app.connectMicroservice<MicroserviceOptions>({ strategy });
    await app.startAllMicroservices();
    await app.init();
    const [outside, inside] = ['public', 'internal'].map((service) => cluster.client({ service }));

    expect((await outside!.call('hello', {})).value).toBe('public');
    expect((await inside!.call('audit', {})).value).toBe('internal');
    expect((await outside!.call('both', {})).value).toBe('both');
    expect((await inside!.call('both', {})).value).toBe('both');
    await expect(outside!.call('audit', {})).rejects.toMatchObject({ status: 'UNIMPLEMENTED' });
    await expect(inside!.call('hello', {})).rejects.toMatchObject({ status: 'UNIMPLEMENTED' });
    await until(() => strategies.every((strategy) => strategy.callsInHand === 0));
    await cluster.close();
  });
});
