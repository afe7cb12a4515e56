import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import { inTier } from '../../support/fault-tier.js';
import type { KafkaApi } from '../../support/kafka-api.js';
import { LiveCluster } from '../../support/live-cluster.js';

jest.setTimeout(180_000);

/** Shorter than it comes, so that the test is. */
const REQUEST_TIMEOUT_MS = 1_000;
const LOST = 2;
/** What a start takes without a fault, on a busy machine. */
const START_MS = 10_000;

const APIS: readonly { readonly api: KafkaApi; readonly isShort?: boolean }[] = [
  { api: 'ApiVersions', isShort: true },
  { api: 'Metadata', isShort: true },
  { api: 'CreateTopics' },
  { api: 'DescribeConfigs' },
  { api: 'InitProducerId' },
  { api: 'Produce' },
  { api: 'ListOffsets', isShort: true },
  { api: 'Fetch' },
  { api: 'FindCoordinator' },
  { api: 'JoinGroup', isShort: true },
  { api: 'SyncGroup' },
  { api: 'OffsetFetch' },
  { api: 'OffsetCommit' },
  { api: 'Heartbeat' },
];

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

describe(`a start of which the first ${LOST} answers to one request are lost`, () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start({ proxied: true });
  });
  afterEach(() => cluster.network.calm());
  afterAll(() => cluster?.close());

  it.each(inTier(APIS))('succeeds: $api', async ({ api }) => {
    const driver = () =>
      kafkajsDriver({ brokers: cluster.kafka.brokers, requestTimeoutMs: REQUEST_TIMEOUT_MS });
    const service = cluster.newService('start');
    const lose = () => {
      let left = LOST;
      return cluster.network.add({ api, way: 'answer', fate: () => (left-- > 0 ? 'swallow' : 'pass') });
    };

    const atServer = lose();
    const startedAt = performance.now();
    await cluster.serve({ controllers: [EchoController] }, { service, driver: driver(), partitions: 1 });
    const serverMs = performance.now() - startedAt;
    const atClient = lose();
    const client = cluster.client({ service, driver: driver(), timeoutMs: 30_000 });
    await client.connect();
    const clientMs = performance.now() - startedAt - serverMs;
    expect((await client.call('echo', api)).value).toBe(api);

    process.stderr.write(`${api}: server ${Math.round(serverMs)} ms, client ${Math.round(clientMs)} ms\n`);
    expect(atServer.done + atClient.done).toBeGreaterThan(0);
    expect(serverMs).toBeLessThan(START_MS + 2 * LOST * REQUEST_TIMEOUT_MS);
    expect(clientMs).toBeLessThan(START_MS + 2 * LOST * REQUEST_TIMEOUT_MS);
  });
});
