import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import type { KafkaDriver, KafkaRpcContext, ProducerRecord } from 'nestjs-kafka-rpc';
import { decodeFrameList } from '../../../lib/protocol/frame-list.js';
import { NOTES_HEADER } from '../../../lib/protocol/reply-notes.js';
import { describeReplyNotes } from '../../support/reply-notes.js';
import { RpcCluster } from '../../support/rpc-cluster.js';

/** A driver whose records lack the announcement, as those of a client of an earlier version. */
const unannounced = ({ headers, ...record }: ProducerRecord): ProducerRecord => ({
  ...record,
  headers: Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => name !== NOTES_HEADER)),
});

/** A driver that notes the kinds of messages that it reads. */
const noting = (driver: KafkaDriver, kinds: string[], isEarlier: boolean): KafkaDriver => ({
  name: driver.name,
  connect: async (options) => {
    const connection = await driver.connect(options);
    const { produce, readPartition } = connection;
    connection.produce = (records, to) =>
      produce.call(connection, isEarlier ? records.map(unannounced) : records, to);
    connection.readPartition = (at, onRecords) =>
      readPartition.call(connection, at, (records) => {
        for (const { value } of records)
          for (const { kind } of decodeFrameList(value!, () => undefined)) kinds.push(kind);
        onRecords(records);
      });
    return connection;
  },
});

describe('headers of answers, and progress', () => {
  describeReplyNotes(() => new RpcCluster());

  it.each([
    ['are sent to a client that says that it knows them', false, ['progress', 'headers', 'complete']],
    ['are not sent to one that does not', true, ['complete']],
  ])('%s', async (_title, isEarlier, expected) => {
    const cluster = new RpcCluster();
    @Controller()
    class TellingController {
      @MessagePattern('get')
      get(@Ctx() context: KafkaRpcContext): string {
        context.setHeader('a', 'b');
        context.progress(1);
        return 'got';
      }
    }
    await cluster.serve({ controllers: [TellingController] });
    const kinds: string[] = [];
    const client = cluster.client({ driver: noting(cluster.driver, kinds, isEarlier) });
    expect((await client.call('get', 0)).value).toBe('got');
    expect(kinds).toEqual(expected);
    await cluster.close();
  });
});
