import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import {
  json,
  KafkaRpcClient,
  type DriverConnection,
  type KafkaDriver,
  type KafkaRpcServer,
} from 'nestjs-kafka-rpc';
import { count, lastValueFrom, Subject } from 'rxjs';
import { decodeFrameList } from '../../../lib/protocol/frame-list.js';
import type { Message } from '../../../lib/protocol/message.js';
import { CREDIT_HEADER, encodeCredit } from '../../../lib/protocol/stream-credit.js';
import { request } from '../../support/incoming-calls.js';
import { connectRaw, speak } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const turns = async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await new Promise(setImmediate);
};

/** What sends no header of credit, and hears of none: a client of an earlier version, for its servers; and a server of one, for it. */
const withoutCredit = (driver: KafkaDriver): KafkaDriver => ({
  name: 'without credit',
  connect: async (options) => {
    const connection = await driver.connect(options);
    const produce = connection.produce.bind(connection);
    connection.produce = (records, ...others) => {
      const bare = records.map(({ headers = {}, ...record }) => ({
        ...record,
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== CREDIT_HEADER)),
      }));
      return produce(bare, ...others);
    };
    return connection;
  },
});

describe('credit', () => {
  let given = 0;
  let values = new Subject<number>();
  let cluster: RpcCluster;
  let server: KafkaRpcServer;
  let raw: DriverConnection;
  let replies: Message[];

  @Controller()
  class StreamController {
    @MessagePattern('numbers')
    async *numbers(): AsyncGenerator<number> {
      for (;;) yield (given += 1);
    }

    @MessagePattern('hundred')
    async *hundred(): AsyncGenerator<number> {
      for (let i = 0; i < 100; i++) yield (given += 1);
    }

    @MessagePattern('watch')
    watch(): Subject<number> {
      return values;
    }
  }

  beforeEach(async () => {
    [given, values, replies] = [0, new Subject(), []];
    cluster = new RpcCluster();
    ({ server } = await cluster.serve(
      { controllers: [StreamController] },
      { partitions: 1, replyPartitions: 1, serializer: json(), gracePeriodMs: 20 },
    ));
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    await raw.readPartition({ topic: 'rpc.replies', partition: 0, from: 'latest' }, (records) => {
      for (const { value } of records)
        if (value !== null && value.length > 0)
          replies.push(
            ...decodeFrameList(value, (error) => {
              throw error;
            }),
          );
    });
  });

  afterEach(() => cluster.close());

  /** @param first what the header says, if there is one */
  const say = (senderByte: number, first: number | undefined, ...messages: Message[]): Promise<unknown> => {
    const { value, headers } = speak(
      {
        direction: 'request',
        sender: Buffer.alloc(16, senderByte),
        contentType: 'json',
        stages: '',
        replyTo: { topic: 'rpc.replies', partition: 0 },
      },
      ...messages,
    );
    if (first !== undefined) headers[CREDIT_HEADER] = encodeCredit({ values: first, bytes: 1_000_000 });
    return raw.produce([{ topic: 'rpc.sum.requests', partition: 0, key: null, value, headers }], {
      acks: -1,
    });
  };

  const call = (seq: number, pattern: string): Message => request({ seq, pattern, sentAtMs: Date.now() });
  const credit = (seq: number, more: number): Message => ({
    kind: 'credit',
    seq,
    count: more,
    bytes: 1_000_000,
  });
  const valuesOf = (seq: number): number =>
    replies.filter((reply) => reply.kind === 'next' && reply.seq === seq).length;
  const ignored = (): number => server.counters.creditsIgnored;

  it('is what is announced, and what is given after', async () => {
    await say(1, 5, call(1, 'numbers'));
    await until(() => valuesOf(1) === 5);
    await turns(50);
    expect(valuesOf(1)).toBe(5);
    await say(1, 5, credit(1, 3));
    await until(() => valuesOf(1) === 8);
    await turns(50);
    expect([valuesOf(1), ignored()]).toEqual([8, 0]);
  });

  it('beside its request is in the place of what is announced', async () => {
    await say(1, 1_000, call(1, 'numbers'), credit(1, 2));
    await until(() => valuesOf(1) === 2);
    await turns(50);
    expect(valuesOf(1)).toBe(2);
  });

  it('of another client is for none of its calls, and is counted', async () => {
    await say(1, 5, call(1, 'numbers'));
    await until(() => valuesOf(1) === 5);
    await say(2, 5, credit(1, 100));
    await until(() => ignored() === 1);
    await turns(50);
    expect(valuesOf(1)).toBe(5);
  });

  it('for a call that is unknown, or has ended, is counted', async () => {
    await say(1, 1_000, credit(7, 1), call(1, 'hundred'));
    await until(() => replies.some(({ kind }) => kind === 'complete') && server.callsInHand === 0);
    await say(1, 1_000, credit(1, 1), credit(1, 1));
    await until(() => ignored() === 3);
  });

  it('of more than there may be is cut off, and is counted', async () => {
    await say(1, 1, call(1, 'watch'));
    await until(() => values.observed);
    values.next(1);
    values.next(2);
    await say(1, 1, credit(1, 0xffff_ffff), credit(1, 0xffff_ffff));
    await until(() => valuesOf(1) === 2 && ignored() === 2);
  });

  it('is not given by a client of an earlier version: its streams have no brake', async () => {
    await say(1, undefined, call(1, 'hundred'));
    await until(() => replies.some(({ kind }) => kind === 'complete'));
    expect(given).toBe(100);
  });

  it('is not understood by a server of an earlier version: its streams arrive in a loop and at a subscriber all the same', async () => {
    const client = new KafkaRpcClient({
      service: 'sum',
      driver: withoutCredit(cluster.driver),
      serializer: json(),
    });
    cluster.onClose(() => client.close());
    let heard = 0;
    for await (const value of client.stream<number>('hundred', {})) {
      expect(value).toBe((heard += 1));
      await turns(1);
    }
    expect(heard).toBe(100);
    expect(await lastValueFrom(client.send('hundred', {}).pipe(count()))).toBe(100);
  });
});
