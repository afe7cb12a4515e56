import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { channel } from 'node:diagnostics_channel';
import { connectRaw } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(): number {
    return 3;
  }
}

describe('a diagnostics channel', () => {
  let cluster: RpcCluster;
  const heard: unknown[] = [];
  const hear = (message: unknown): void => void heard.push(message);

  beforeEach(() => {
    heard.splice(0);
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  it('tells of every commit that the broker took', async () => {
    const commits = channel('nestjs-kafka-rpc:committed');
    commits.subscribe(hear);
    await cluster.serve({ controllers: [SumController] });
    await cluster.client().call('sum.add', 'the data of the call', { key: 'k1' });
    const commit = (offset: bigint, metadata: string): object => ({
      groupId: 'rpc.sum',
      offsets: [{ topic: 'rpc.sum.requests', partition: 1, offset, metadata }],
    });
    // That the partition's calls are begun is committed before the first of them.
    await until(() => heard.length > 1);
    commits.unsubscribe(hear);
    expect(heard).toEqual([commit(0n, 'c1.'), commit(1n, 'c1.')]);
  });

  it('tells of every record refused, and why, without its content', async () => {
    const refused = channel('nestjs-kafka-rpc:refused');
    refused.subscribe(hear);
    await cluster.serve({ controllers: [SumController] });
    const raw = await connectRaw(cluster.driver);
    const value = Buffer.from('a secret');
    await raw.produce([{ topic: 'rpc.sum.requests', partition: 2, value }], { acks: -1 });
    await until(() => heard.length > 0);
    refused.unsubscribe(hear);
    await raw.close();
    const message = 'The record has no "rpc" header.';
    const place = { topic: 'rpc.sum.requests', partition: 2, offset: 0n };
    expect(heard).toEqual([{ ...place, reason: 'not-ours', message }]);
  });
});
