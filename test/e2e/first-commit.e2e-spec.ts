import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import kafkajs from 'kafkajs';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(60_000);

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

describe('a server that has answered nothing yet', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  it('has a commit for each of its partitions, so that tools can tell how far it is behind', async () => {
    const service = cluster.newService('fresh');
    await cluster.serve({ controllers: [EchoController] }, { service });
    const { Kafka, logLevel } = kafkajs;
    const admin = new Kafka({ brokers: cluster.kafka.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    cluster.onClose(() => admin.disconnect());

    await eventually(10_000, async () => {
      const [offsets] = await admin.fetchOffsets({
        groupId: `rpc.${service}`,
        topics: [`rpc.${service}.requests`],
      });
      expect(offsets!.partitions.map(({ offset }) => offset)).toEqual(Array.from({ length: 8 }, () => '0'));
    });
  });
});
