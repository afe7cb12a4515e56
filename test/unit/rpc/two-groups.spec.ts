import { Controller, Logger } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { KafkaRpcServer } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const CALLS = 20;

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: number): number {
    if (data < 0) throw new Error('below zero');
    return data;
  }
}

describe('a service that is served by two groups', () => {
  let cluster: RpcCluster;
  let warnings: string[];

  beforeEach(() => {
    cluster = new RpcCluster();
    warnings = [];
  });

  afterEach(async () => {
    await cluster.close();
    Logger.overrideLogger(false);
  });

  const serve = async (groupId: string): Promise<KafkaRpcServer> => {
    const { server } = await cluster.serve({ controllers: [EchoController] }, { groupId });
    return server;
  };

  const heedWarnings = (): void => {
    const quiet = (): void => undefined;
    const warn = (...line: unknown[]): void => void warnings.push(line.join(' '));
    Logger.overrideLogger({ log: quiet, error: quiet, debug: quiet, warn });
  };

  it('runs each call twice: its client counts the second answers, and says so once, with both servers', async () => {
    const servers = [await serve('one'), await serve('two')];
    heedWarnings();
    const client = cluster.client();
    const calls = Array.from({ length: CALLS }, (_, i) => client.call('echo', i % 2 === 0 ? i : -i));
    await Promise.allSettled(calls);
    await until(() => client.counters.duplicateAnswers === CALLS);
    const said = warnings.filter((line) => line.includes('groupId'));
    expect(said).toHaveLength(1);
    for (const { id } of servers) expect(said[0]).toContain(id);
  });

  it('which two servers of one group do not do', async () => {
    await Promise.all([serve('one'), serve('one')]);
    heedWarnings();
    const client = cluster.client();
    await Promise.all(Array.from({ length: CALLS }, (_, i) => client.call('echo', i)));
    expect(client.counters).toMatchObject({ duplicateAnswers: 0, lateReplies: 0 });
    expect(warnings.filter((line) => line.includes('groupId'))).toEqual([]);
  });
});
