import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import kafkajs from 'kafkajs';
import { eventually } from '../conformance/eventually.js';
import { EarlierMember } from '../support/earlier-member.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

const COOPERATIVE = 'nestjs-kafka-rpc.cooperative';
const EARLIER = 'nestjs-kafka-rpc';
const PATIENCE_MS = 20_000;

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

describe('a group with members of the version before', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  /** The way of sharing, and how many partitions each member has, as the broker sees it. */
  const group = async (groupId: string, topic: string): Promise<{ protocol: string; shares: number[] }> => {
    const { Kafka, logLevel, AssignerProtocol } = kafkajs;
    const admin = new Kafka({ brokers: cluster.kafka.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const { groups } = await admin.describeGroups([groupId]).finally(() => admin.disconnect());
    const shares = groups[0]!.members.map(
      ({ memberAssignment }) =>
        AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment[topic]?.length ?? 0,
    );
    return { protocol: groups[0]!.protocol, shares: shares.sort() };
  };

  const becomes = (groupId: string, topic: string, protocol: string, shares: number[]): Promise<void> =>
    eventually(PATIENCE_MS, async () => expect(await group(groupId, topic)).toEqual({ protocol, shares }));

  it('shares in their way while one is there, in the incremental way once it is gone, and back', async () => {
    const service = cluster.newService('mixed');
    const [groupId, topic] = [`rpc.${service}`, `rpc.${service}.requests`];
    const { server } = await cluster.serve({ controllers: [EchoController] }, { service });
    await cluster.serve({ controllers: [EchoController] }, { service });
    await becomes(groupId, topic, COOPERATIVE, [4, 4]);

    const earlier = await EarlierMember.join(cluster.kafka.brokers, groupId, topic);
    await becomes(groupId, topic, EARLIER, [2, 3, 3]);
    await eventually(PATIENCE_MS, () => expect(server.unwrap()).toBeDefined());
    await earlier.leave();
    await becomes(groupId, topic, COOPERATIVE, [4, 4]);

    const client = cluster.client({ service, timeoutMs: PATIENCE_MS });
    const calls = Array.from({ length: 32 }, (_, i) => client.call('echo', i, { key: `key-${i}` }));
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual(
      Array.from({ length: 32 }, (_, i) => i),
    );
  });

  it('takes a server of now in when one of before leads, and answers its share of the calls', async () => {
    const service = cluster.newService('led');
    const [groupId, topic] = [`rpc.${service}`, `rpc.${service}.requests`];
    const { app } = await cluster.serve({ controllers: [EchoController] }, { service });
    await app.close();
    const leader = await EarlierMember.join(cluster.kafka.brokers, groupId, topic);

    await cluster.serve({ controllers: [EchoController] }, { service });
    await becomes(groupId, topic, EARLIER, [4, 4]);
    await leader.leave();
    await becomes(groupId, topic, COOPERATIVE, [8]);

    const client = cluster.client({ service, timeoutMs: PATIENCE_MS });
    const calls = Array.from({ length: 16 }, (_, i) => client.call('echo', i, { key: `key-${i}` }));
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual(
      Array.from({ length: 16 }, (_, i) => i),
    );
  });
});
