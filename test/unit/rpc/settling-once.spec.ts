import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Subject } from 'rxjs';
import type { ConsumerRecord, DriverConnection, KafkaRpcClient, KafkaRpcServer } from 'nestjs-kafka-rpc';
import type { Message } from '../../../lib/protocol/message.js';
import { connectRaw, speak } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('a call settles once', () => {
  let values = new Subject<string>();
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;
  let raw: DriverConnection;
  let replies: ConsumerRecord[];
  let heard: string[];

  @Controller()
  class SumController {
    @MessagePattern('sum.watch')
    watch(): Subject<string> {
      return values;
    }

    @MessagePattern('sum.echo')
    echo(@Payload() data: unknown): unknown {
      return data;
    }
  }

  beforeEach(async () => {
    values = new Subject();
    replies = [];
    heard = [];
    cluster = new RpcCluster();
    ({ server } = await cluster.serve(
      { controllers: [SumController] },
      { partitions: 1, replyPartitions: 1, gracePeriodMs: 20 },
    ));
    client = cluster.client();
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    await raw.readPartition({ topic: 'rpc.replies', partition: 0, from: 'latest' }, (records) =>
      replies.push(...records),
    );
  });

  afterEach(() => cluster.close());

  const subscribe = (pattern: string, data: unknown): void => {
    client.send<string>(pattern, data).subscribe({
      next: (value) => heard.push(value),
      error: (error: { status: string }) => heard.push(error.status),
      complete: () => heard.push('end'),
    });
  };

  const append = (...records: { value: Buffer | null; headers: unknown }[]): Promise<unknown> =>
    raw.produce(
      records.map(({ value, headers }) => ({
        topic: 'rpc.replies',
        partition: 0,
        value,
        headers: headers as Record<string, Buffer>,
      })),
      { acks: -1 },
    );

  /** What a server says that has the call too. */
  const forge = (senderByte: number, ...messages: Message[]): Promise<unknown> =>
    append(
      speak(
        {
          direction: 'reply',
          sender: Buffer.alloc(16, senderByte),
          contentType: 'msgpack',
          stages: '',
          recipient: Buffer.from(client.id, 'hex'),
        },
        ...messages,
      ),
    );

  const END = { seq: 1, run: 1, receivedAtMs: 0, repliedAtMs: 0 };

  it('when every reply stands twice in the log', async () => {
    subscribe('sum.watch', {});
    await until(() => server.callsInHand === 1);
    values.next('one');
    await until(() => replies.length === 1);
    await append(replies[0]!);
    values.next('two');
    await until(() => replies.length === 3);
    values.complete();
    await until(() => heard.includes('end'));
    await append(...replies);
    await client.call('sum.echo', {});
    expect(heard).toEqual(['one', 'two', 'end']);
    expect(client.counters.lateReplies).toBeGreaterThan(0);
  });

  it('when another server answers after it', async () => {
    subscribe('sum.echo', 'mine');
    await until(() => heard.length === 2);
    await forge(9, { kind: 'complete', ...END, index: 0, payload: Buffer.from([1]) });
    await client.call('sum.echo', {});
    expect(heard).toEqual(['mine', 'end']);
    expect(client.counters.lateReplies).toBe(1);
  });

  it('with ABORTED, when another execution speaks in the middle of its stream', async () => {
    subscribe('sum.watch', {});
    await until(() => server.callsInHand === 1);
    values.next('one');
    await until(() => heard.length === 1);
    await forge(9, { kind: 'next', seq: 1, run: 1, index: 1, payload: Buffer.from([1]) });
    await until(() => heard.length === 2);
    values.next('two');
    values.complete();
    await client.call('sum.echo', {});
    expect(heard).toEqual(['one', 'ABORTED']);
  });

  it('with DATA_LOSS, when a value of its stream is missing', async () => {
    subscribe('sum.watch', {});
    await until(() => server.callsInHand === 1);
    await forge(
      9,
      { kind: 'next', seq: 1, run: 1, index: 0, payload: Buffer.from([0xa1, 0x61]) },
      { kind: 'next', seq: 1, run: 1, index: 2, payload: Buffer.from([0xa1, 0x63]) },
    );
    await until(() => heard.length === 2);
    expect(heard).toEqual(['a', 'DATA_LOSS']);
  });

  it('with DATA_LOSS, when the end of its stream counts more values than came', async () => {
    subscribe('sum.watch', {});
    await until(() => server.callsInHand === 1);
    await forge(9, { kind: 'complete', ...END, index: 1, payload: null });
    await until(() => heard.length === 1);
    expect(heard).toEqual(['DATA_LOSS']);
  });

  it('with the first end, when value, error and deadline come together', async () => {
    subscribe('sum.watch', {});
    await until(() => server.callsInHand === 1);
    await forge(
      9,
      { kind: 'error', ...END, status: 'NOT_FOUND', retryable: false, message: '', details: Buffer.alloc(0) },
      { kind: 'complete', ...END, index: 0, payload: Buffer.from([1]) },
      { kind: 'error', ...END, status: 'INTERNAL', retryable: false, message: '', details: Buffer.alloc(0) },
    );
    await until(() => heard.length === 1);
    await client.call('sum.echo', {});
    expect(heard).toEqual(['NOT_FOUND']);
  });

  it('though a server says things that only clients say', async () => {
    subscribe('sum.watch', {});
    await until(() => server.callsInHand === 1);
    await forge(
      9,
      { kind: 'cancel', seq: 1 },
      { kind: 'credit', seq: 1, count: 1 },
      { kind: 'ping', seq: 1, asks: 1, server: null },
      { kind: 'pong', seq: 1, receivedAtMs: 0, repliedAtMs: 0, payload: Buffer.alloc(0) },
    );
    values.next('one');
    values.complete();
    await until(() => heard.includes('end'));
    expect(heard).toEqual(['one', 'end']);
  });

  it('by its own replies only: another client’s on the same partition are not its own', async () => {
    const other = cluster.client();
    const [mine, others] = await Promise.all([
      client.call('sum.echo', 'mine'),
      other.call('sum.echo', 'other’s'),
    ]);
    expect([mine.value, others.value]).toEqual(['mine', 'other’s']);
    expect(client.counters).toMatchObject({ lateReplies: 0, recordsRefused: 0 });
    expect(other.counters).toMatchObject({ lateReplies: 0, recordsRefused: 0 });
  });
});
