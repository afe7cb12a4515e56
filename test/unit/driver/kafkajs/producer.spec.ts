import type { ClusterLink } from '../../../../lib/driver/kafkajs/cluster-link.js';
import { Producer } from '../../../../lib/driver/kafkajs/producer.js';
import type { ProtocolRequest } from '../../../../lib/driver/kafkajs/requests/protocol-request.js';
import { RequestWriter } from '../../../../lib/driver/kafkajs/requests/request-writer.js';
import { ResponseReader } from '../../../../lib/driver/kafkajs/requests/response-reader.js';
import type { ProducerRecord } from '../../../../lib/driver/record.js';

const NOT_ENOUGH_REPLICAS = 19;
const MESSAGE_TOO_LARGE = 10;

/** A broker that leads `orders`, and answers each produce request with an error code per partition; 0 for none. */
class FakeBroker {
  /** The partitions of each request. */
  readonly requests: number[][] = [];

  constructor(private readonly codes: readonly Readonly<Record<number, number>>[]) {}

  asLink(): ClusterLink {
    return {
      knows: () => true,
      leaderOf: () => 1,
      send: async <T>(_nodeId: number, request: ProtocolRequest<T>) => this.answer(request),
      recover: () => Promise.resolve(),
    } as unknown as ClusterLink;
  }

  private answer<T>({ maxBytes, write, read }: ProtocolRequest<T>): T {
    const writer = new RequestWriter(maxBytes);
    write(writer);
    const partitions = partitionsIn(writer.written());
    const codes = this.codes[this.requests.length] ?? {};
    this.requests.push(partitions);
    return read(new ResponseReader(answerOf(partitions, codes))).value;
  }
}

const partitionsIn = (bytes: Buffer): number[] => {
  const reader = new ResponseReader(bytes);
  reader.skip(2 + 2 + 4 + 4);
  expect(reader.string()).toBe('orders');
  return Array.from({ length: reader.int32() }, () => {
    const partition = reader.int32();
    reader.skip(reader.int32());
    return partition;
  });
};

const answerOf = (partitions: readonly number[], codes: Readonly<Record<number, number>>): Buffer => {
  const writer = new RequestWriter(1_024);
  writer.int32(1);
  writer.string('orders');
  writer.int32(partitions.length);
  for (const partition of partitions) {
    writer.int32(partition);
    writer.int16(codes[partition] ?? 0);
    writer.int64(40n);
    writer.int64(1_700_000_000_000n);
  }
  writer.int32(0);
  return writer.written();
};

const record = (partition: number): ProducerRecord => ({
  topic: 'orders',
  partition,
  value: Buffer.from(String(partition)),
});

describe('Producer', () => {
  const produce = (broker: FakeBroker, retries = 3) =>
    new Producer(broker.asLink(), retries, new AbortController().signal).produce(
      [record(0), record(1), record(0), record(2)],
      -1,
    );

  it('sends all records for a partition as one batch, and tells where each batch stands', async () => {
    const broker = new FakeBroker([]);
    const acks = await produce(broker);
    expect(broker.requests).toEqual([[0, 1, 2]]);
    expect(acks).toEqual(
      [0, 1, 2].map((partition) => ({
        topic: 'orders',
        partition,
        baseOffset: 40n,
        appendTimeMs: 1_700_000_000_000,
      })),
    );
  });

  it('sends again what the broker refused for a while, and nothing that it appended', async () => {
    const broker = new FakeBroker([{ 1: NOT_ENOUGH_REPLICAS }, { 1: NOT_ENOUGH_REPLICAS }]);
    expect(await produce(broker)).toHaveLength(3);
    expect(broker.requests).toEqual([[0, 1, 2], [1], [1]]);
  });

  it('fails at once with what the broker will never take', async () => {
    const broker = new FakeBroker([{ 0: NOT_ENOUGH_REPLICAS, 2: MESSAGE_TOO_LARGE }]);
    await expect(produce(broker)).rejects.toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      message: expect.stringContaining('orders[2]') as string,
    });
    expect(broker.requests).toHaveLength(1);
  });

  it('gives up when the broker has refused as often as there are retries', async () => {
    const refusal = { 1: NOT_ENOUGH_REPLICAS };
    const broker = new FakeBroker([refusal, refusal, refusal]);
    await expect(produce(broker, 1)).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    expect(broker.requests).toEqual([[0, 1, 2], [1]]);
  });
});
