import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import type { DriverConnection } from 'nestjs-kafka-rpc';
import { msgpack } from '../../../lib/wire/serializers/msgpack.js';
import { request, requestEnvelope } from '../../support/incoming-calls.js';
import { connectRaw, speak } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

describe('a reply address', () => {
  let runs = 0;
  let cluster: RpcCluster;
  let raw: DriverConnection;

  @Controller()
  class SumController {
    @MessagePattern('sum.add')
    add(): number {
      runs += 1;
      return 3;
    }
  }

  beforeEach(async () => {
    runs = 0;
    cluster = new RpcCluster();
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
  });

  afterEach(() => cluster.close());

  it.each([
    { topic: 'payments', partition: 0 },
    { topic: 'rpc.sum.requests', partition: 0 },
    { topic: 'rpc.replies', partition: 99 },
  ])(
    'that is not on the reply topic is refused, and nothing is written there: $topic[$partition]',
    async (replyTo) => {
      const spec = { partitions: 1, replicationFactor: 1, config: {}, required: [] };
      await raw.ensureTopics([{ topic: 'payments', ...spec }], { create: true });
      const { server } = await cluster.serve({ controllers: [SumController] });
      const produce = jest.spyOn(server.unwrap<DriverConnection>(), 'produce');
      const message = request({ payload: msgpack().serialize({}) });
      const record = speak(requestEnvelope({ contentType: 'msgpack', replyTo }), message);
      await raw.produce([{ ...record, topic: 'rpc.sum.requests', partition: 0 }], { acks: -1 });
      await until(() => server.counters.recordsRefused === 1);
      await turns();
      expect(runs).toBe(0);
      expect(produce).not.toHaveBeenCalled();
    },
  );

  it('that is good gets the answer, under the id of the one who asked', async () => {
    const { server } = await cluster.serve({ controllers: [SumController] });
    const produce = jest.spyOn(server.unwrap<DriverConnection>(), 'produce');
    const message = request({ payload: msgpack().serialize({}) });
    const record = speak(requestEnvelope({ contentType: 'msgpack' }), message);
    await raw.produce([{ ...record, topic: 'rpc.sum.requests', partition: 0 }], { acks: -1 });
    await until(() => produce.mock.calls.length === 1);
    expect(produce.mock.calls[0]![0]).toMatchObject([{ topic: 'rpc.replies', partition: 3 }]);
    expect(runs).toBe(1);
  });
});
