import { Controller, Logger, type LoggerService } from '@nestjs/common';
import { MessagePattern, Payload, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { KafkaRpcClient, msgpack, RpcError, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { runInNewContext } from 'node:vm';
import { filter, lastValueFrom, of, type Observable } from 'rxjs';
import { connectRaw } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns } from '../../support/until.js';

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }

  @MessagePattern('fail')
  fail(): never {
    throw new TypeError('a bug of the handler');
  }
}

type Failing = () => never;

/** What code gives back that fails later. The compiler holds it for a failure at once. */
const REJECTING: readonly (readonly [string, Failing])[] = [
  ['is async and rejects', (async () => Promise.reject(new Error('later'))) as unknown as Failing],
  ['gives a promise of another realm', () => runInNewContext('Promise.reject(new Error("later"))') as never],
  [
    'gives a thenable that fails',
    () => ({ then: (_done: unknown, fail: (error: Error) => void) => fail(new Error('later')) }) as never,
  ],
  [
    'gives a thenable that throws',
    () =>
      ({
        then: () => {
          throw new Error('later');
        },
      }) as never,
  ],
  [
    'gives a promise that cannot be looked at',
    () =>
      Object.defineProperty(Promise.resolve(), 'constructor', {
        get: () => {
          throw new Error('hands off');
        },
      }) as never,
  ],
];

describe('user code whose failure comes later, as a rejection', () => {
  let cluster: RpcCluster;
  let server: KafkaRpcServer;
  let client: KafkaRpcClient;
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown): void => void unhandled.push(error);

  beforeEach(() => {
    unhandled.splice(0);
    process.on('unhandledRejection', onUnhandled);
    cluster = new RpcCluster();
  });

  afterEach(async () => {
    Logger.overrideLogger(false);
    await cluster.close();
    await new Promise(setImmediate);
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
  });

  const serve = async (
    prepare: (strategy: KafkaRpcServer) => void = () => undefined,
    options: Parameters<RpcCluster['serve']>[1] = {},
  ): Promise<void> => {
    const whole = {
      partitions: 1,
      ...options,
      prepare: (_app: unknown, strategy: KafkaRpcServer) => prepare(strategy),
    };
    ({ server } = await cluster.serve({ controllers: [EchoController] }, whole));
    client = cluster.client({ timeoutMs: 2_000 });
  };

  /** Garbage and a call, in one fetch. */
  const callBesideGarbage = async (): Promise<unknown> => {
    await client.connect();
    const raw = await connectRaw(cluster.driver);
    const call = client.call('echo', 1);
    await raw.produce([{ topic: 'rpc.sum.requests', partition: 0, value: null }], { acks: -1 });
    const { value } = await call;
    await raw.close();
    return value;
  };

  it.each(['observed', 'pulled'])(
    'as a value that a handler gives fails its call alone: %s',
    async (pattern) => {
      const rejected = (): Promise<never> => Promise.reject(new Error('later'));
      @Controller()
      class ValueController {
        @MessagePattern('observed')
        observed(): Observable<unknown> {
          return of({ inside: rejected() });
        }

        @MessagePattern('pulled')
        pulled(): AsyncIterable<unknown> {
          return { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: rejected() }) }) };
        }
      }
      await cluster.serve({ controllers: [ValueController] });
      client = cluster.client({ timeoutMs: 2_000 });
      await expect(client.call(pattern, rejected())).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
      await expect(client.call(pattern, 1)).rejects.toMatchObject({ status: 'INTERNAL' });
    },
  );

  describe.each(REJECTING)('that %s', (_how, failing) => {
    it('in a listener is counted, and the next is told', async () => {
      const next = jest.fn();
      await serve();
      server.on('refused', failing);
      server.on('refused', next);
      expect(await callBesideGarbage()).toBe(1);
      await turns();
      expect([next.mock.calls.length, server.counters.userCodeErrors]).toEqual([1, 1]);
    });

    it.each<[string, (status: Observable<unknown>) => unknown]>([
      ['as a function', (status) => status.subscribe(failing)],
      ['as an observer', (status) => status.subscribe({ next: failing, error: failing })],
      ['behind a pipe', (status) => status.pipe(filter(Boolean)).subscribe(failing)],
    ])(
      'in a subscriber of `status` (%s) is counted, on both sides, and the next is told',
      async (_what, subscribe) => {
        await serve();
        await client.connect();
        for (const side of [server, client] as Pick<KafkaRpcClient, 'status' | 'counters'>[]) {
          const next = jest.fn();
          subscribe(side.status);
          side.status.subscribe(next);
          expect(next).toHaveBeenCalledWith('connected');
          await turns();
          expect(side.counters.userCodeErrors).toBe(1);
        }
        expect((await client.call('echo', 1)).value).toBe(1);
      },
    );

    it('in a logger loses the line only', async () => {
      const lines = jest.fn(failing);
      const logger: LoggerService = { log: lines, warn: lines, error: lines, debug: lines };
      await serve();
      Logger.overrideLogger(logger);
      expect(await callBesideGarbage()).toBe(1);
      await turns();
      expect(lines).toHaveBeenCalled();
      expect(server.counters.recordsRefused).toBe(1);
    });

    it('in a hook at the end of a handler is counted, and the call has its answer', async () => {
      await serve((strategy) => strategy.setOnProcessingEndHook(failing));
      expect((await client.call('echo', 1)).value).toBe(1);
      await turns();
      expect(server.counters.userCodeErrors).toBe(1);
    });

    it('in `mapException` is counted, and the exception stays masked', async () => {
      await serve(undefined, { mapException: failing });
      await expect(client.call('fail', 1)).rejects.toMatchObject({ status: 'INTERNAL' });
      await turns();
      expect(server.counters.userCodeErrors).toBe(1);
    });

    it('in a dispatch hook is counted, and the call and the event are sent', async () => {
      await serve();
      client.setOnDispatchHook(failing);
      expect((await client.call('echo', 1)).value).toBe(1);
      expect(await lastValueFrom(client.send('echo', 2))).toBe(2);
      await lastValueFrom(client.emit('told', 3), { defaultValue: undefined });
      await turns();
      expect(client.counters.userCodeErrors).toBe(3);
    });

    it('in `keepsApart` of a stage sends the call apart', async () => {
      const stage = {
        name: 'apart',
        keepsApart: failing,
        encode: (bytes: Buffer) => bytes,
        decode: (bytes: Buffer) => bytes,
      };
      await serve(undefined, { interceptors: [stage] });
      const apart = cluster.client({ interceptors: [stage] });
      expect((await apart.call('echo', 1)).value).toBe(1);
    });

    it('in a serializer fails the call that it is for', async () => {
      await serve();
      const serializer = { ...msgpack(), serialize: failing };
      const bad = cluster.client({ serializer });
      await expect(bad.call('echo', 1)).rejects.toThrow(/serialize\(\) must return the bytes themselves/);
      expect((await client.call('echo', 1)).value).toBe(1);
    });
  });

  it('is no answer: a deserializer that gives a promise fails the call that it is for', async () => {
    const deserialize = async (): Promise<never> => Promise.reject(new Error('later'));
    await serve();
    const bad = cluster.client({ serializer: { ...msgpack(), deserialize } });
    const error: unknown = await bad.call('echo', 1).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RpcError);
    expect((error as RpcError).message).toMatch(/deserialize\(\) must return the value itself/);
  });

  it('of a subclass that publishes in its own way is counted, and the call has its answer', async () => {
    class Own extends KafkaRpcClient {
      protected override publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
        return super.publish(packet, (async (written: WritePacket) => {
          callback(written);
          throw new Error('later');
        }) as never);
      }
    }
    await serve();
    const own = new Own({ service: 'sum', driver: cluster.driver });
    cluster.onClose(() => own.close());
    expect((await own.call('echo', 1)).value).toBe(1);
    await turns();
    expect(own.counters.userCodeErrors).toBeGreaterThan(0);
  });

  it('of a subscriber of `status` that throws at once is no different', async () => {
    await serve();
    const next = jest.fn();
    server.status.subscribe(() => {
      throw new Error('at once');
    });
    server.status.subscribe(next);
    expect(next).toHaveBeenCalledWith('connected');
    expect(server.counters.userCodeErrors).toBe(1);
  });
});
