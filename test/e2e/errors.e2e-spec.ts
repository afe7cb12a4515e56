import { Controller, UsePipes, ValidationPipe } from '@nestjs/common';
import { MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { IsInt } from 'class-validator';
import { json, msgpack, RpcError, type KafkaRpcClient, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

class Terms {
  @IsInt()
  a!: number;
}

@Controller()
class FailingController {
  @MessagePattern('rpc-exception')
  rpcException(): never {
    throw new RpcException({ status: 'NOT_FOUND', message: 'Not there.' });
  }

  @MessagePattern('rpc-error')
  async rpcError(): Promise<never> {
    throw new RpcError('FAILED_PRECONDITION', 'Not yet.', { details: { missing: ['a', 2n] } });
  }

  @MessagePattern('bug')
  bug(): never {
    throw new TypeError('the password is 1234');
  }

  @UsePipes(
    new ValidationPipe({ exceptionFactory: (errors) => new RpcError('INVALID_ARGUMENT', String(errors)) }),
  )
  @MessagePattern('validated')
  validated(@Payload() terms: Terms): number {
    return terms.a;
  }

  @MessagePattern('unserializable')
  unserializable(): unknown {
    return { callback: () => undefined };
  }

  @MessagePattern('large')
  large(@Payload() bytes: number): Buffer {
    return Buffer.alloc(bytes);
  }

  @MessagePattern('size')
  size(@Payload() data: Buffer): number {
    return data.length;
  }
}

/** At once, on a machine that others use too; a call that nobody answers would take ten times as long. */
const AT_ONCE_MS = 1_000;

describe('what goes wrong with a call', () => {
  let cluster: LiveCluster;
  let server: KafkaRpcServer;
  let client: KafkaRpcClient;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    ({ server } = await cluster.serve({ controllers: [FailingController] }));
    client = cluster.client();
    expect((await client.call('size', Buffer.alloc(7))).value).toBe(7);
  });
  afterAll(() => cluster.close());

  const failure = async (pattern: string, data: unknown = {}, caller = client): Promise<RpcError> => {
    await caller.connect();
    const startedAt = performance.now();
    const error = await caller.call(pattern, data).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
    expect(error).toBeInstanceOf(RpcError);
    return error as RpcError;
  };

  it('in the handler is told with its status, message and details', async () => {
    expect(await failure('rpc-exception')).toMatchObject({ status: 'NOT_FOUND', message: 'Not there.' });
    expect(await failure('rpc-error')).toMatchObject({
      status: 'FAILED_PRECONDITION',
      message: 'Not yet.',
      details: { missing: ['a', 2n] },
    });
    expect(await failure('bug')).toMatchObject({ status: 'INTERNAL', message: 'Internal server error' });
    expect(await failure('validated', { a: 'one' })).toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: expect.stringContaining('isInt') as string,
    });
  });

  it('for want of a handler is told with the pattern', async () => {
    expect(await failure('nobody.home')).toMatchObject({
      status: 'UNIMPLEMENTED',
      message: expect.stringContaining('"nobody.home"') as string,
    });
  });

  it('because its data cannot be read is told as such', async () => {
    const rubbish = { ...msgpack(), serialize: () => Buffer.from([0xc1, 0xc1]) };
    expect(await failure('size', 1, cluster.client({ serializer: rubbish }))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: expect.stringContaining('cannot be read') as string,
    });
    expect(await failure('size', 1, cluster.client({ serializer: json() }))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/json.*msgpack/) as string,
    });
  });

  it('because its result cannot be sent is told as such', async () => {
    expect(await failure('unserializable')).toMatchObject({
      status: 'INTERNAL',
      message: expect.stringContaining('cannot be serialized') as string,
    });
    expect(await failure('large', 1_500_000)).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      message: expect.stringMatching(/1500\d{3}.*1000000/) as string,
    });
  });

  it('because it is too large is told before it is sent', async () => {
    const started = server.counters.callsStarted;
    expect(await failure('size', Buffer.alloc(1_500_000))).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      message: expect.stringMatching(/1500\d{3}.*1000000/) as string,
    });
    expect((await client.call('size', Buffer.alloc(900_000))).value).toBe(900_000);
    expect(server.counters.callsStarted).toBe(started + 1);
  });

  it('is over with it: the next call is answered', async () => {
    expect((await client.call('validated', { a: 1 })).value).toBe(1);
    expect(client.openCalls).toBe(0);
    expect(server.callsInHand).toBe(0);
    expect(client.counters).toMatchObject({ recordsRefused: 0, deadlinesExceeded: 0 });
  });
});
