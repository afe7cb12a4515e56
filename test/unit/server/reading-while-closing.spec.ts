import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import type { DriverConnection, KafkaDriver } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('a server that closes', () => {
  it('does not read on when its queue, which was full, gets room', async () => {
    const waiting: (() => void)[] = [];
    @Controller()
    class SlowController {
      @MessagePattern('sum.slow')
      slow(): Promise<void> {
        return new Promise((resolve) => waiting.push(resolve));
      }
    }
    const cluster = new RpcCluster();
    const log: string[] = [];
    const driver: KafkaDriver = {
      name: 'logged',
      connect: async (options) => {
        const connection = await cluster.driver.connect(options);
        const joinGroup = connection.joinGroup.bind(connection);
        connection.joinGroup = async (...given: Parameters<DriverConnection['joinGroup']>) => {
          const member = await joinGroup(...given);
          const [pause, resume] = [member.pause.bind(member), member.resume.bind(member)];
          member.pause = () => {
            log.push('pause');
            pause();
          };
          member.resume = () => {
            log.push('resume');
            resume();
          };
          return member;
        };
        return connection;
      },
    };
    const { app } = await cluster.serve(
      { controllers: [SlowController] },
      { driver, maxQueued: 4, concurrency: 4 },
    );
    const client = cluster.client();
    const calls = Array.from({ length: 4 }, () => client.call('sum.slow', {}));
    await until(() => waiting.length === 4);
    expect(log).toEqual(['pause']);
    const closing = app.close();
    for (const answer of waiting) answer();
    await closing;
    await Promise.all(calls);
    expect(log).not.toContain('resume');
    await cluster.close();
  });
});
