import { Script } from 'node:vm';
import type { Socket } from 'node:net';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import { eventually } from '../conformance/eventually.js';
import { FaultyNetwork } from '../support/faulty-network.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(60_000);

/** Node warns on its own process, of which Jest gives tests a copy. */
const nodesProcess = new Script('process').runInThisContext() as NodeJS.Process;

/** Far more than it takes until Node warns of listeners, where they gather. */
const ATTEMPTS = 100;
const READERS = 30;

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

describe('a broker that refuses connections', () => {
  let cluster: LiveCluster;
  let network: FaultyNetwork;
  const warnings: string[] = [];
  const onWarning = ({ name, message }: Error): void => void warnings.push(`${name}: ${message}`);

  beforeAll(async () => {
    nodesProcess.on('warning', onWarning);
    cluster = await LiveCluster.start();
    network = await FaultyNetwork.before(cluster.kafka.brokers);
    cluster.onClose(() => network.close());
  });
  afterAll(async () => {
    await cluster.close();
    nodesProcess.off('warning', onWarning);
  });

  it("has nobody gather listeners on what is tried again, the user's own sockets neither: Node warns of nothing", async () => {
    let attempts = 0;
    const driver = kafkajsDriver({
      brokers: cluster.kafka.brokers,
      socketFactory: (request): Socket => {
        attempts += 1;
        return network.socketFactory(request);
      },
    });
    await cluster.serve({ controllers: [EchoController] }, { driver });
    const client = cluster.client({ driver, timeoutMs: 30_000 });
    await client.call('echo', 0);

    network.proxies.forEach((proxy) => proxy.refuse());
    network.reset();
    const before = attempts;
    const calls = Array.from({ length: READERS }, (_, i) => client.call('echo', i));
    await eventually(30_000, () => expect(attempts - before).toBeGreaterThan(ATTEMPTS));
    network.calm();
    await Promise.all(calls);

    nodesProcess.emitWarning('the test hears warnings');
    await eventually(5_000, () => expect(warnings).toContain('Warning: the test hears warnings'));
    expect(warnings).toHaveLength(1);
  });
});
