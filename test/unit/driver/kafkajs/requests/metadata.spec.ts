import { metadataRequest } from '../../../../../lib/driver/kafkajs/requests/metadata.js';
import { RequestWriter } from '../../../../../lib/driver/kafkajs/requests/request-writer.js';
import { ResponseReader } from '../../../../../lib/driver/kafkajs/requests/response-reader.js';

const UNKNOWN_TOPIC = 3;

/** Writes as flexible versions do, or as those before. */
class AnswerWriter {
  private readonly writer = new RequestWriter(4_000);

  constructor(private readonly isFlexible: boolean) {}

  length(count: number): void {
    if (this.isFlexible) this.writer.unsignedVarint(count + 1);
    else this.writer.int32(count);
  }

  text(value: string): void {
    if (this.isFlexible) this.writer.compactString(value);
    else this.writer.string(value);
  }

  noText(): void {
    if (this.isFlexible) this.writer.unsignedVarint(0);
    else this.writer.int16(-1);
  }

  end(): void {
    if (this.isFlexible) this.writer.noTaggedFields();
  }

  topic(name: string, code: number, partitions: number): void {
    this.writer.int16(code);
    this.text(name);
    if (this.isFlexible) this.writer.bytes(Buffer.alloc(16, code === 0 ? 0xab : 0));
    this.writer.int8(0);
    this.length(partitions);
    for (let partition = 0; partition < partitions; partition++) {
      this.writer.int16(0);
      this.writer.int32(partition);
      this.writer.int32(2);
      this.writer.int32(7);
      for (const nodes of [[2, 1], [2], []]) {
        this.length(nodes.length);
        for (const node of nodes) this.writer.int32(node);
      }
      this.end();
    }
    this.writer.int32(0b1000);
    this.end();
  }

  answer(): Buffer {
    const { writer } = this;
    writer.int32(0);
    this.length(1);
    writer.int32(2);
    this.text('kafka-2');
    writer.int32(9_092);
    this.noText();
    this.end();
    this.text('cluster');
    writer.int32(2);
    this.length(2);
    this.topic('gone', UNKNOWN_TOPIC, 0);
    this.topic('orders', 0, 2);
    return writer.written();
  }
}

describe.each([
  ['with topic ids', true],
  ['of older brokers, without', false],
])('metadata %s', (_what, hasTopicIds) => {
  it('tells of a topic that is not there, and of the others all the same', () => {
    const request = metadataRequest(['gone', 'orders'], hasTopicIds);
    const { value } = request.read(new ResponseReader(new AnswerWriter(hasTopicIds).answer()));

    expect(value.brokers).toEqual([{ nodeId: 2, host: 'kafka-2', port: 9_092, rack: null }]);
    const [gone, orders] = value.topicMetadata;
    expect(gone).toMatchObject({
      topic: 'gone',
      id: undefined,
      error: { type: 'UNKNOWN_TOPIC_OR_PARTITION' },
    });
    expect(orders).toEqual({
      topic: 'orders',
      id: hasTopicIds ? 'ab'.repeat(16) : undefined,
      error: undefined,
      operations: 0b1000,
      partitionMetadata: [0, 1].map((partitionId) => ({ partitionId, leader: 2, leaderEpoch: 7 })),
    });
  });

  it('is asked for without making topics, in no more bytes than announced', () => {
    const request = metadataRequest(['gone', 'orders', 'ä'.repeat(100)], hasTopicIds);
    const writer = new RequestWriter(request.maxBytes);
    request.write(writer);
    const tail = hasTopicIds ? [0, 0, 1, 0] : [0, 0, 1];
    expect([...writer.written().subarray(-tail.length)]).toEqual(tail);
  });
});
