import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { json, type Serializer, type WireContext, type WireInterceptor } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

const STAGE_TIMEOUT_MS = 100;

type Fault = 'nothing' | 'hangs' | 'throws' | 'gives nothing';

/** A stage that fails once, as it is told, at records of one direction. */
class FaultyStage implements WireInterceptor {
  readonly name = 'faulty';
  encoding: Fault = 'nothing';
  decoding: Fault = 'nothing';

  constructor(private readonly direction: WireContext['direction']) {}

  encode(bytes: Buffer, { direction }: WireContext): Buffer | Promise<Buffer> {
    if (direction !== this.direction) return bytes;
    const fault = this.encoding;
    this.encoding = 'nothing';
    return run(fault, bytes);
  }

  decode(bytes: Buffer, { direction }: WireContext): Buffer | Promise<Buffer> {
    if (direction !== this.direction) return bytes;
    const fault = this.decoding;
    this.decoding = 'nothing';
    return run(fault, bytes);
  }
}

const run = (fault: Fault, bytes: Buffer): Buffer | Promise<Buffer> => {
  if (fault === 'hangs') return new Promise(() => undefined);
  if (fault === 'gives nothing') return undefined as never;
  if (fault === 'throws') throw 7n;
  return bytes;
};

describe('a wire stage that fails at one record', () => {
  let cluster: RpcCluster;

  beforeEach(() => {
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  it.each<Fault>(['hangs', 'throws', 'gives nothing'])(
    'and %s while a request is encoded fails its calls, no other',
    async (fault) => {
      const stage = new FaultyStage('request');
      const options = { interceptors: [stage], stageTimeoutMs: STAGE_TIMEOUT_MS };
      await cluster.serve({ controllers: [EchoController] }, options);
      const client = cluster.client(options);
      expect((await client.call('echo', 1)).value).toBe(1);
      stage.encoding = fault;
      const start = performance.now();
      await expect(client.call('echo', 2)).rejects.toThrow('The stage "faulty" failed');
      expect(performance.now() - start).toBeLessThan(5_000);
      expect((await client.call('echo', 3)).value).toBe(3);
      expect(client.openCalls).toBe(0);
    },
  );

  it.each<Fault>(['hangs', 'throws', 'gives nothing'])(
    'and %s while a request is decoded has it refused, and the next taken',
    async (fault) => {
      const stage = new FaultyStage('request');
      const options = { interceptors: [stage], stageTimeoutMs: STAGE_TIMEOUT_MS };
      const { server } = await cluster.serve({ controllers: [EchoController] }, options);
      const client = cluster.client({ ...options, interceptors: [new FaultyStage('request')] });
      stage.decoding = fault;
      const failing = client.call('echo', 1, { timeoutMs: 1_500, key: 'k' });
      failing.catch(() => undefined);
      await until(() => stage.decoding === 'nothing');
      expect((await client.call('echo', 2, { key: 'k' })).value).toBe(2);
      await expect(failing).rejects.toThrow();
      expect(server.counters.refusals.stage).toBe(1);
      expect(server.callsInHand).toBe(0);
    },
  );

  it.each<Fault>(['hangs', 'throws', 'gives nothing'])(
    'and %s while a reply is encoded tells the caller, and answers the next',
    async (fault) => {
      const stage = new FaultyStage('reply');
      const options = { interceptors: [stage], stageTimeoutMs: STAGE_TIMEOUT_MS };
      const { server } = await cluster.serve({ controllers: [EchoController] }, options);
      const client = cluster.client({ ...options, interceptors: [new FaultyStage('reply')] });
      expect((await client.call('echo', 1)).value).toBe(1);
      stage.encoding = fault;
      await expect(client.call('echo', 2, { timeoutMs: 3_000 })).rejects.toThrow('The stage "faulty" failed');
      expect((await client.call('echo', 3)).value).toBe(3);
      await until(() => server.callsInHand === 0);
    },
  );

  it('and hangs as it opens fails what needs it, with its name', async () => {
    const hanging: WireInterceptor = {
      name: 'hanging',
      open: () => new Promise(() => undefined),
      encode: (bytes) => bytes,
      decode: (bytes) => bytes,
    };
    const options = { interceptors: [hanging], stageTimeoutMs: STAGE_TIMEOUT_MS };
    await expect(cluster.client(options).connect()).rejects.toThrow('"hanging"');
    await expect(cluster.serve({ controllers: [EchoController] }, options)).rejects.toThrow('"hanging"');
  });
});

describe('a wire stage that changes the envelope', () => {
  let cluster: RpcCluster;

  beforeEach(() => (cluster = new RpcCluster()));
  afterEach(() => cluster.close());

  const CHANGES: Record<string, (headers: Record<string, Buffer>) => void> = {
    'overwrites it': (headers) => (headers['rpc'] = Buffer.from('mine')),
    'takes it away': (headers) => delete headers['rpc'],
    'gives a text for it': (headers) => ((headers as Record<string, unknown>)['rpc'] = 'mine'),
  };

  /** Does so at the next record of its direction. */
  const changing = (direction: WireContext['direction'], how: string, isLate: boolean) => {
    const state = { isArmed: false };
    const stage: WireInterceptor = {
      name: 'changing',
      encode: (bytes, context) => {
        if (context.direction !== direction || !state.isArmed) return bytes;
        state.isArmed = false;
        if (!isLate) {
          CHANGES[how]!(context.headers);
          return bytes;
        }
        return Promise.resolve().then(() => {
          CHANGES[how]!(context.headers);
          return bytes;
        });
      },
      decode: (bytes) => bytes,
    };
    return { state, interceptors: [plain('before'), stage, plain('behind')] };
  };

  const plain = (name: string): WireInterceptor => ({
    name,
    encode: (bytes) => bytes,
    decode: (bytes) => bytes,
  });

  it.each(
    (['request', 'reply'] as const).flatMap((direction) =>
      Object.keys(CHANGES).flatMap((how) => [false, true].map((isLate) => [how, direction, isLate] as const)),
    ),
  )('and %s in a %s fails that call with its name (asynchronously: %s)', async (how, direction, isLate) => {
    const { state, interceptors } = changing(direction, how, isLate);
    await cluster.serve({ controllers: [EchoController] }, { interceptors });
    const client = cluster.client({ interceptors, timeoutMs: 2_000 });
    expect((await client.call('echo', 1)).value).toBe(1);
    state.isArmed = true;
    await expect(client.call('echo', 2)).rejects.toThrow(
      'The stage "changing" failed: It changed the header "rpc", which is the envelope of the record',
    );
    expect((await client.call('echo', 3)).value).toBe(3);
  });
});

describe('a serializer that gives no bytes for one value', () => {
  let cluster: RpcCluster;

  beforeEach(() => {
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  const faulty = (wrong: unknown): Serializer => {
    const inner = json();
    return {
      contentType: 'json',
      serialize: (value) => (value === 'wrong' ? (wrong as Buffer) : inner.serialize(value)),
      deserialize: (bytes) => inner.deserialize(bytes),
    };
  };

  it.each([
    ['undefined', undefined],
    ['a string', 'bytes'],
    ['a promise', Promise.resolve(Buffer.from('1'))],
  ])('but %s fails its call alone', async (_what, wrong) => {
    await cluster.serve({ controllers: [EchoController] }, { serializer: json() });
    const client = cluster.client({ serializer: faulty(wrong) });
    const calls = ['a', 'wrong', 'b'].map((value) => client.call('echo', value));
    const [first, second, third] = await Promise.allSettled(calls);
    expect([first, third]).toMatchObject([{ value: { value: 'a' } }, { value: { value: 'b' } }]);
    expect(second).toMatchObject({
      status: 'rejected',
      reason: { message: expect.stringContaining('not a Buffer') as string },
    });
    expect(client.openCalls).toBe(0);
  });
});
