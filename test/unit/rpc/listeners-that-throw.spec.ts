import { Controller, Logger, type LoggerService } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { KafkaRpcClient, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { finalize, map, take, type Observable } from 'rxjs';
import { connectRaw } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

const circular = (): object => {
  const it: Record<string, unknown> = {};
  it['it'] = it;
  return it;
};

const THROWN: readonly (readonly [string, () => unknown])[] = [
  ['an Error', () => new Error('a bug')],
  ['a BigInt', () => 7n],
  ['something circular', circular],
  ['a symbol', () => Symbol('a bug')],
  ['undefined', () => undefined],
  ['what has no text', () => Object.create(null)],
  [
    'what cannot be looked at',
    () =>
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('hands off');
          },
        },
      ),
  ],
];

describe('user code that is told of things', () => {
  let cluster: RpcCluster;
  let server: KafkaRpcServer;
  let client: KafkaRpcClient;
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown): void => void unhandled.push(error);

  beforeEach(async () => {
    unhandled.splice(0);
    process.on('unhandledRejection', onUnhandled);
    cluster = new RpcCluster();
    ({ server } = await cluster.serve({ controllers: [EchoController] }, { partitions: 1 }));
    client = cluster.client({ timeoutMs: 2_000 });
  });

  afterEach(async () => {
    await cluster.close();
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
  });

  /** Garbage and a call, in one fetch. */
  const callBesideGarbage = async (): Promise<unknown> => {
    await client.connect();
    const raw = await connectRaw(cluster.driver);
    const garbage = { topic: 'rpc.sum.requests', partition: 0, value: null };
    const call = client.call('echo', 1);
    await raw.produce([garbage, garbage], { acks: -1 });
    const { value } = await call;
    await raw.close();
    return value;
  };

  it.each(THROWN)(
    'a listener that throws %s is counted, and harms neither the call beside it nor the next',
    async (_what, thrown) => {
      const later = jest.fn();
      server.on('refused', () => {
        throw thrown();
      });
      server.on('refused', (async () => Promise.reject(thrown() as Error)) as never);
      server.on('refused', later);
      expect(await callBesideGarbage()).toBe(1);
      await until(() => later.mock.calls.length === 2);
      await until(() => server.counters.userCodeErrors === 4);
      expect((await client.call('echo', 2)).value).toBe(2);
    },
  );

  it.each(THROWN)(
    'a listener of a connection that throws %s keeps nothing from going on',
    async (_what, thrown) => {
      const events: string[] = [];
      for (const side of [server, client] as Pick<KafkaRpcClient, 'on'>[]) {
        for (const event of ['connected', 'disconnected', 'crashed'] as const) {
          side.on(event, () => {
            events.push(event);
            throw thrown();
          });
        }
      }
      expect((await client.call('echo', 1)).value).toBe(1);
      cluster.driver.stopBroker();
      cluster.driver.startBroker();
      expect((await client.call('echo', 2)).value).toBe(2);
      expect(events).toContain('disconnected');
    },
  );

  it('a subscriber of `status` whose teardown throws keeps no other from being told', async () => {
    const seen: string[] = [];
    for (const side of [server, client]) {
      const throwing = finalize<unknown>(() => {
        throw new Error('a bug of the teardown');
      });
      (side.status as Observable<unknown>).pipe(take(2), throwing).subscribe();
      side.status.subscribe((status) => void seen.push(status));
    }
    expect((await client.call('echo', 1)).value).toBe(1);
    cluster.driver.stopBroker();
    cluster.driver.startBroker();
    expect((await client.call('echo', 2)).value).toBe(2);
    expect(seen.filter((status) => status === 'disconnected').length).toBeGreaterThanOrEqual(2);
  });

  it('an operator behind `status` that throws is counted, where no error is listened to', async () => {
    const throwing = map(() => {
      throw new Error('a bug of the operator');
    });
    const uncaught = jest.fn();
    process.on('uncaughtException', uncaught);
    for (const side of [server, client]) (side.status as Observable<unknown>).pipe(throwing).subscribe();
    expect((await client.call('echo', 1)).value).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('uncaughtException', uncaught);
    expect([server.counters.userCodeErrors, client.counters.userCodeErrors]).toEqual([1, 1]);
    expect(uncaught).not.toHaveBeenCalled();
  });

  it('a logger that throws loses its lines only', async () => {
    const throwing = (): never => {
      throw new Error('the disk is full');
    };
    const logger: LoggerService = { log: throwing, warn: throwing, error: throwing, debug: throwing };
    server.on('refused', throwing);
    Logger.overrideLogger(logger);
    try {
      expect(await callBesideGarbage()).toBe(1);
      expect((await client.call('echo', 2)).value).toBe(2);
      expect(server.counters.recordsRefused).toBe(2);
    } finally {
      Logger.overrideLogger(false);
    }
  });
});
