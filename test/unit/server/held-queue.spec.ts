import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { KafkaDriver } from 'nestjs-kafka-rpc';
import type { ConsumerRecord } from '../../../lib/driver/record.js';
import { msgpack } from '../../../lib/wire/serializers/msgpack.js';
import { PlayedGroup } from '../../support/group-members.js';
import { request, requestEnvelope } from '../../support/incoming-calls.js';
import { consumed, speak } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const ONE = [{ topic: 'rpc.one.requests', partition: 0 }];
const TWO = [{ topic: 'rpc.two.requests', partition: 0 }];

describe('while a group rebalances', () => {
  const started: unknown[] = [];
  let cluster: RpcCluster;
  let groups: Map<string, PlayedGroup>;

  @Controller()
  class SumController {
    @MessagePattern('sum.add')
    add(@Payload() data: unknown): void {
      started.push(data);
    }
  }

  beforeEach(async () => {
    started.splice(0);
    cluster = new RpcCluster();
    groups = new Map();
    const driver: KafkaDriver = {
      name: 'played groups',
      connect: async (options) => {
        const connection = await cluster.driver.connect(options);
        connection.joinGroup = async (group, handler) => {
          const played = new PlayedGroup();
          groups.set(group.groupId, played);
          const [topic] = group.topics as [string];
          const member = await played.connection().joinGroup(group, handler);
          handler.onAssigned([{ topic, partition: 0, position: 0n, metadata: '' }]);
          return member;
        };
        return connection;
      },
    };
    await cluster.serve({ controllers: [SumController] }, { driver, service: ['one', 'two'] });
  });

  afterEach(() => cluster.close());

  let seq = 0;
  const deliver = (service: string, data: string): void => {
    seq += 1;
    const message = request({ seq, payload: msgpack().serialize(data) });
    const record: Partial<ConsumerRecord> = speak(requestEnvelope({ contentType: 'msgpack' }), message);
    const topic = `rpc.${service}.requests`;
    const place = { topic, offset: BigInt(seq), timestampMs: Date.now() };
    groups.get(`rpc.${service}`)!.handler.onRecords([consumed({ ...record, ...place })]);
  };

  it('nothing is started until it is over', async () => {
    const { handler } = groups.get('rpc.one')!;
    await handler.onRevoking(ONE, 2_000);
    deliver('one', 'waiting');
    await turns();
    expect(started).toEqual([]);
    handler.onRetained(ONE);
    await until(() => started.length === 1);
  });

  it('nothing is started when another group of the same server is through with its own', async () => {
    const [one, two] = [groups.get('rpc.one')!.handler, groups.get('rpc.two')!.handler];
    await Promise.all([one.onRevoking(ONE, 2_000), two.onRevoking(TWO, 2_000)]);
    deliver('one', 'waiting');
    two.onRetained(TWO);
    await turns();
    expect(started).toEqual([]);
    one.onRetained(ONE);
    await until(() => started.length === 1);
  });
});
