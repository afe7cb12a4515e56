import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { concat, NEVER, Observable, of } from 'rxjs';
import {
  msgpack,
  type DriverConnection,
  type KafkaRpcClient,
  type KafkaRpcClientOptions,
  type KafkaRpcServer,
} from 'nestjs-kafka-rpc';
import type { Message } from '../../../lib/protocol/message.js';
import { connectRaw, speak } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('a call that its client ends by itself is stopped at the server', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;
  let raw: DriverConnection;
  let heard: unknown[];
  let torndown: number;

  @Controller()
  class SumController {
    @MessagePattern('sum.watch')
    watch(): Observable<string> {
      return new Observable((subscriber) => {
        const values = concat(of('one', 'two'), NEVER).subscribe(subscriber);
        return () => {
          torndown += 1;
          values.unsubscribe();
        };
      });
    }

    @MessagePattern('sum.never')
    never(): Observable<never> {
      return new Observable(() => () => {
        torndown += 1;
      });
    }

    @MessagePattern('sum.quick')
    quick(): string {
      return 'done';
    }
  }

  beforeEach(async () => {
    heard = [];
    torndown = 0;
    cluster = new RpcCluster();
    ({ server } = await cluster.serve(
      { controllers: [SumController] },
      { partitions: 1, replyPartitions: 1 },
    ));
    client = cluster.client({ timeoutMs: 60_000 });
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
  });

  afterEach(() => cluster.close());

  const subscribe = (pattern: string, by = client): void => {
    by.send(pattern, {}).subscribe({
      next: (value) => heard.push(value),
      error: (error: { status: string }) => heard.push(error.status),
    });
  };

  const forge = (message: Message, contentType = 'msgpack'): Promise<unknown> =>
    raw.produce(
      [
        {
          topic: 'rpc.replies',
          partition: 0,
          ...speak(
            {
              direction: 'reply',
              sender: Buffer.alloc(16, 9),
              contentType,
              stages: '',
              recipient: Buffer.from(client.id, 'hex'),
            },
            message,
          ),
        } as never,
      ],
      { acks: -1 },
    );

  const isStopped = async (calls = 1): Promise<void> => {
    await until(() => server.counters.callsCancelled === calls && server.callsInHand === 0);
    expect(torndown).toBe(calls);
  };

  it.each([
    ['before it is connected', {}],
    ['when it is connected', {}],
    ['when it is connected, with retries', { retry: { attempts: 3 } }],
    ['when it is connected, with a limit for its pattern', { maxOpenCallsPerPattern: 5 }],
    ['before it is connected, with both', { retry: { attempts: 3 }, maxOpenCallsPerPattern: 5 }],
  ] as [string, Partial<KafkaRpcClientOptions>][])(
    'when its signal aborts while the data is serialized, %s',
    async (state, options) => {
      client = cluster.client({ timeoutMs: 60_000, ...options });
      if (state.startsWith('when')) await client.connect();
      const controller = new AbortController();
      const data = { toJSON: () => controller.abort() };
      const call = client.call('sum.never', data, { signal: controller.signal });
      await expect(call).rejects.toMatchObject({ status: 'CANCELLED' });
      await until(() => client.openCalls === 0 && server.callsInHand === 0);
    },
  );

  it('when the signal of a stream aborts, or its loop is left, while the data is serialized', async () => {
    await client.connect();
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = client.stream('sum.never', { toJSON: () => controller.abort() }, { signal });
    await expect(aborted[Symbol.asyncIterator]().next()).rejects.toMatchObject({ status: 'CANCELLED' });
    const data = { toJSON: () => void left.return?.() };
    const left: AsyncIterator<unknown> = client.stream('sum.never', data)[Symbol.asyncIterator]();
    expect(await left.next()).toEqual({ done: true, value: undefined });
    await until(() => client.openCalls === 0 && server.callsInHand === 0);
  });

  it('when its caller leaves while the data is serialized', async () => {
    const connecting = client.connect();
    const data = { toJSON: () => subscription.unsubscribe() };
    const subscription = client.send('sum.never', data).subscribe();
    await connecting;
    await until(() => subscription.closed && client.openCalls === 0 && server.callsInHand === 0);
  });

  it('when the client is closed', async () => {
    subscribe('sum.watch');
    subscribe('sum.never');
    await until(() => heard.length === 2 && server.callsInHand === 2);
    await client.close();
    await isStopped(2);
    expect(heard).toEqual(['one', 'two', 'CANCELLED', 'CANCELLED']);
  });

  it('when a value in the middle of its stream cannot be read', async () => {
    const plain = msgpack();
    const picky = cluster.client({
      serializer: {
        ...plain,
        contentType: plain.contentType,
        serialize: (value) => plain.serialize(value),
        deserialize: (bytes) => {
          const value = plain.deserialize(bytes);
          if (value === 'two') throw new Error('unreadable');
          return value;
        },
      },
    });
    subscribe('sum.watch', picky);
    await isStopped();
    expect(heard).toEqual(['one', 'INTERNAL']);
    await picky.call('sum.quick', {});
    expect(picky.counters.lateReplies).toBe(0);
  });

  it('when a value of its stream is missing', async () => {
    subscribe('sum.never');
    await until(() => server.callsInHand === 1);
    await forge({ kind: 'next', seq: 1, run: 1, index: 2, payload: Buffer.from([1]) });
    await isStopped();
    expect(heard).toEqual(['DATA_LOSS']);
  });

  it('when another execution answers in the middle of its stream', async () => {
    subscribe('sum.watch');
    await until(() => heard.length === 2);
    await forge({ kind: 'next', seq: 1, run: 7, index: 2, payload: Buffer.from([1]) });
    await isStopped();
    expect(heard).toEqual(['one', 'two', 'ABORTED']);
  });

  it('when its values come in another content type', async () => {
    subscribe('sum.never');
    await until(() => server.callsInHand === 1);
    await forge({ kind: 'next', seq: 1, run: 1, index: 0, payload: Buffer.from('1') }, 'json');
    await isStopped();
    expect(heard).toEqual(['INTERNAL']);
  });

  it('when call() is answered with several values', async () => {
    await expect(client.call('sum.watch', {})).rejects.toMatchObject({ status: 'FAILED_PRECONDITION' });
    await isStopped();
  });

  it('but not when the server ended it itself', async () => {
    await client.call('sum.quick', {});
    await expect(client.call('sum.none', {})).rejects.toMatchObject({ status: 'UNIMPLEMENTED' });
    await client.close();
    await until(() => server.callsInHand === 0);
    expect(server.counters.callsCancelled).toBe(0);
  });
});
