import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern } from '@nestjs/microservices';
import type { KafkaRpcClient, KafkaRpcContext, KafkaRpcMetadata } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('what the client’s dispatch hook attaches', () => {
  const seen: (KafkaRpcMetadata | undefined)[] = [];
  let cluster: RpcCluster;
  let client: KafkaRpcClient;

  @Controller()
  class TracedController {
    @MessagePattern('sum.add')
    add(@Ctx() context: KafkaRpcContext): void {
      seen.push(context.getMetadata());
    }

    @EventPattern('sum.done')
    done(@Ctx() context: KafkaRpcContext): void {
      seen.push(context.getMetadata());
    }
  }

  beforeEach(async () => {
    seen.splice(0);
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [TracedController] });
    client = cluster.client();
    client.setOnDispatchHook((packet) => {
      packet.metadata = { traceparent: `00-${String(packet.pattern)}` };
    });
  });

  afterEach(() => cluster.close());

  it.each<[string, (client: KafkaRpcClient) => Promise<unknown>, string]>([
    ['send()', (from) => lastValueFrom(from.send('sum.add', {})), '00-sum.add'],
    ['call()', (from) => from.call('sum.add', {}), '00-sum.add'],
    ['emit()', (from) => lastValueFrom(from.emit('sum.done', {})), '00-sum.done'],
  ])('is metadata of the context, with %s', async (_way, dispatch, traceparent) => {
    await dispatch(client);
    await until(() => seen.length > 0);
    expect(seen).toEqual([{ traceparent }]);
  });

  it('is undefined when no hook attached any', async () => {
    const plain = cluster.client();
    await plain.call('sum.add', {});
    await lastValueFrom(plain.emit('sum.done', {}));
    await until(() => seen.length === 2);
    expect(seen).toEqual([undefined, undefined]);
  });

  it('is asked for once per call', async () => {
    const hook = jest.fn();
    client.setOnDispatchHook(hook);
    await client.call('sum.add', {});
    await lastValueFrom(client.send('sum.add', {}));
    expect(hook).toHaveBeenCalledTimes(2);
  });
});
