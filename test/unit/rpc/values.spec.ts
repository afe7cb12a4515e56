import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { json, type KafkaRpcClient, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { from, lastValueFrom, toArray, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';

describe('a value', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  @Controller()
  class EchoController {
    @MessagePattern('echo')
    echo(@Payload() data: unknown): unknown {
      return data;
    }

    @MessagePattern('nothing')
    nothing(): void {
      return;
    }

    @MessagePattern('unsendable')
    unsendable(): () => void {
      return () => undefined;
    }

    @MessagePattern('unsendable-later')
    unsendableLater(): Observable<unknown> {
      return from([1, () => undefined, 3]);
    }

    @MessagePattern('bytes')
    bytes(@Payload() size: number): Buffer {
      return Buffer.alloc(size);
    }
  }

  beforeEach(async () => {
    cluster = new RpcCluster();
    ({ server } = await cluster.serve({ controllers: [EchoController] }));
    client = cluster.client();
  });

  afterEach(() => cluster.close());

  it.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['false', false],
    ['0', 0],
    ['an empty string', ''],
    ['an empty Buffer', Buffer.alloc(0)],
    ['a Date', new Date(1_700_000_000_000)],
    ['a BigInt', 2n ** 70n],
    ['a Map', new Map([['a', new Set([1])]])],
    ['NaN', NaN],
    ['half a megabyte', Buffer.alloc(500_000, 7)],
  ])('comes back as it went: %s', async (_what, value) => {
    expect((await client.call('echo', value)).value).toEqual(value);
  });

  it('that is undefined is one value of a stream of one', async () => {
    expect(await lastValueFrom(client.send('nothing', {}).pipe(toArray()))).toEqual([undefined]);
  });

  it('that the handler returns and nothing can carry fails the call with INTERNAL, naming the pattern', async () => {
    await expect(client.call('unsendable', {})).rejects.toMatchObject({
      status: 'INTERNAL',
      message: expect.stringContaining('The result of "unsendable" cannot be serialized') as string,
    });
  });

  it('of a stream that nothing can carry ends the stream there', async () => {
    const heard: unknown[] = [];
    const end = new Promise((resolve) => {
      client.send('unsendable-later', {}).subscribe({ next: (value) => heard.push(value), error: resolve });
    });
    expect(await end).toMatchObject({ status: 'INTERNAL' });
    expect(heard).toEqual([1]);
  });

  it('that the caller sends and nothing can carry fails the call before it leaves', async () => {
    await expect(client.call('echo', () => undefined)).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: expect.stringContaining('The data for "echo" cannot be serialized') as string,
    });
    expect(server.counters.callsStarted).toBe(0);
    expect(client.openCalls).toBe(0);
  });

  it('too large for a record fails the call with RESOURCE_EXHAUSTED and its size, on the way there', async () => {
    await expect(client.call('echo', Buffer.alloc(1_000_000))).rejects.toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      retryable: false,
      message: expect.stringMatching(/has 1000\d\d\d bytes, and a record holds at most 1000000/) as string,
    });
    expect(server.counters.callsStarted).toBe(0);
  });

  it('too large for a record fails the call with RESOURCE_EXHAUSTED and its size, on the way back', async () => {
    await expect(client.call('bytes', 1_000_000)).rejects.toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      retryable: false,
      message: expect.stringMatching(/has 1000\d\d\d bytes/) as string,
      details: { reason: 'reply-too-large' },
    });
    expect(server.callsInHand).toBe(0);
  });

  it('too large harms no call that is sent together with it', async () => {
    const [small, large, other] = await Promise.allSettled([
      client.call('bytes', 10),
      client.call('bytes', 1_000_000),
      client.call('bytes', 20),
    ]);
    expect([small, other].map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(large.status).toBe('rejected');
  });

  it('in another content type than the server’s is refused by it with INVALID_ARGUMENT, naming both', async () => {
    await expect(cluster.client({ serializer: json() }).call('echo', 1)).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: expect.stringContaining('it is json, this server reads msgpack') as string,
    });
  });

  it('in garbled bytes is refused with INVALID_ARGUMENT, and no handler runs', async () => {
    const garbling = {
      contentType: 'msgpack',
      serialize: () => Buffer.from([0xc1]),
      deserialize: () => null,
    };
    await expect(cluster.client({ serializer: garbling }).call('echo', 1)).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: expect.stringContaining('The data of "echo" cannot be read') as string,
    });
  });

  it('in garbled bytes, as a reply, fails the call with INTERNAL', async () => {
    const deaf = {
      contentType: 'json',
      serialize: json().serialize,
      deserialize: () => {
        throw new Error('cannot read');
      },
    };
    await cluster.serve({ controllers: [EchoController] }, { service: 'json', serializer: json() });
    await expect(cluster.client({ service: 'json', serializer: deaf }).call('echo', 1)).rejects.toMatchObject(
      {
        status: 'INTERNAL',
        message: expect.stringContaining('The reply to "echo" cannot be deserialized') as string,
      },
    );
  });
});
