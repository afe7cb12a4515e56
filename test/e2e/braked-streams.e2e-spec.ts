import type { KafkaRpcClient, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { count, lastValueFrom } from 'rxjs';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';
import { CountedNumbers } from '../support/slow-reader.js';

jest.setTimeout(120_000);

describe('a stream with a brake, over Kafka', () => {
  let cluster: LiveCluster;
  let server: KafkaRpcServer;
  let client: KafkaRpcClient;
  let numbers: CountedNumbers;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    numbers = new CountedNumbers();
    ({ server } = await cluster.serve({ controllers: [numbers.controller()] }));
    client = cluster.client({ timeoutMs: 60_000 });
    await client.connect();
  });
  afterAll(() => cluster.close());

  beforeEach(() => {
    [numbers.given, numbers.stopped] = [0, 0];
  });

  it('of a million values has its handler a window ahead at most of a reader of a thousand a second', async () => {
    const { taken, mostAhead } = await numbers.readSlowly(client, 6_000);
    expect(taken).toBeGreaterThan(100);
    expect(mostAhead).toBeLessThanOrEqual(4_100);
    await eventually(10_000, () => expect(numbers.stopped).toBe(1));
    await eventually(10_000, () => expect([server.callsInHand, client.openCalls]).toEqual([0, 0]));
  });

  it('arrives whole in a loop with a window of ten', async () => {
    let heard = 0;
    for await (const value of client.stream<number>('numbers', 500, { window: { values: 10 } })) {
      expect(value).toBe(heard++);
      expect(numbers.given).toBeLessThanOrEqual(heard + 12);
    }
    expect(heard).toBe(500);
  });

  it('arrives whole at a subscriber who brakes nothing', async () => {
    expect(await lastValueFrom(client.send('numbers', 100_000).pipe(count()))).toBe(100_000);
  });
});
