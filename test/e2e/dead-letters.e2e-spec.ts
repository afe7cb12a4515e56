import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { ConsumerRecord, DriverConnection } from 'nestjs-kafka-rpc';
import { eventually } from '../conformance/eventually.js';
import { GroupView } from '../support/group-view.js';
import { LiveCluster } from '../support/live-cluster.js';
import { connectRaw, produceToEach } from '../support/raw-records.js';

jest.setTimeout(60_000);

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: number): number {
    return data;
  }
}

const GARBAGE = 300;

describe('refused records, on a broker', () => {
  let cluster: LiveCluster;
  let raw: DriverConnection;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
  });
  afterAll(() => cluster.close());

  it('stand in the dead-letter topic as they came, and are finished, while calls go on', async () => {
    const options = { partitions: 2, deadLetter: { refused: true } };
    const { server } = await cluster.serve({ controllers: [EchoController] }, options);
    const client = cluster.client();
    const letters: ConsumerRecord[] = [];
    for (const partition of [0, 1]) {
      const place = { topic: `rpc.${cluster.service}.dead-letters`, partition, from: 0n } as const;
      await raw.readPartition(place, (records) => letters.push(...records));
    }
    const headers = { twice: [Buffer.from('a'), Buffer.from('b')], reason: Buffer.from('none') };
    const garbage = Array.from({ length: GARBAGE }, (_, i) => ({
      topic: `rpc.${cluster.service}.requests`,
      partition: i % 2,
      key: Buffer.from(`key ${i}`),
      value: i % 3 === 0 ? null : Buffer.alloc(2_000, i),
      headers,
    }));
    const calls = Array.from({ length: 50 }, (_, i) => client.call('echo', i));
    await produceToEach(raw, garbage);

    await eventually(20_000, () => expect(letters).toHaveLength(GARBAGE));
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual(calls.map((_, i) => i));
    expect(server.counters).toMatchObject({ recordsRefused: GARBAGE, deadLettersLost: 0 });
    const at = (letter: ConsumerRecord): number => Number(String(letter.key).slice(4));
    letters.sort((one, other) => at(one) - at(other));
    expect(letters.map(({ value }) => value)).toEqual(garbage.map(({ value }) => value));
    expect(letters[7]!.headers).toMatchObject({ ...headers, 'dead-letter-reason': Buffer.from('not-ours') });
    const group = await GroupView.open(cluster.kafka.brokers, cluster.service);
    cluster.onClose(() => group.close());
    await eventually(20_000, async () => expect(await group.lag()).toBe(0));
  });
});
