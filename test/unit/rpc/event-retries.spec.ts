import { Controller } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import {
  encryption,
  keyring,
  RpcError,
  RpcStatus,
  type DriverConnection,
  type KafkaRpcClient,
  type KafkaRpcServer,
  type RetryOptions,
} from 'nestjs-kafka-rpc';
import { FailingEvents } from '../../support/failing-events.js';
import { RpcCluster, type ServeOptions } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const FAST: RetryOptions = { attempts: 3, backoffMs: 20, jitter: 0 };
const FOR_EVER = 1_000_000;

describe('an event whose handler fails', () => {
  let cluster: RpcCluster;
  let events: FailingEvents;

  beforeEach(() => {
    cluster = new RpcCluster();
    events = new FailingEvents();
  });

  afterEach(() => cluster.close());

  const serve = async (retry?: RetryOptions, options: ServeOptions = {}): Promise<KafkaRpcServer> => {
    const { server } = await cluster.serve(
      { controllers: [events.controller(retry)] },
      { partitions: 2, ...options },
    );
    return server;
  };

  const emit = (client: KafkaRpcClient, name: string, fails: number, key?: string): void => {
    client.emit('thrown', { name, fails }, key === undefined ? {} : { key });
  };

  it.each(['thrown', 'rejected', 'observed'])(
    'runs again until it succeeds, in whatever way it fails: %s',
    async (pattern) => {
      const server = await serve(FAST);
      cluster.client().emit(pattern, { name: 'a', fails: 2 });
      await until(() => events.runs.length === 3);
      expect(events.runs).toEqual(['a#1', 'a#2', 'a#3']);
      expect(server.counters).toMatchObject({
        eventsStarted: 3,
        eventsFailed: 2,
        retried: 2,
        deadLettered: 0,
      });
    },
  );

  it('does not run again where nothing says so', async () => {
    const server = await serve();
    const client = cluster.client();
    emit(client, 'a', 1);
    await until(() => server.counters.eventsFailed === 1);
    emit(client, 'b', 0);
    await until(() => events.of('b').length === 1);
    expect(events.of('a')).toEqual(['a#1']);
    expect(server.counters.retried).toBe(0);
  });

  it('runs as often as its attempts, and no more, when it fails for ever', async () => {
    const server = await serve(FAST);
    const client = cluster.client();
    emit(client, 'keyless', FOR_EVER);
    emit(client, 'keyed', FOR_EVER, 'k');
    await until(() => server.counters.eventsFailed === 6);
    emit(client, 'after', 0, 'k');
    await until(() => events.of('after').length === 1);
    expect(events.of('keyless')).toEqual(['keyless#1', 'keyless#2', 'keyless#3']);
    expect(events.of('keyed')).toEqual(['keyed#1', 'keyed#2', 'keyed#3']);
  });

  it('waits longer before each run, up to the longest pause', async () => {
    await serve({ attempts: Infinity, backoffMs: 20, maxBackoffMs: 50, jitter: 0 });
    emit(cluster.client(), 'a', 4);
    await until(() => events.runs.length === 5);
    const pauses = events.ranAtMs.slice(1).map((atMs, i) => atMs - (events.ranAtMs[i] ?? 0));
    [20, 40, 50, 50].forEach((ms, i) => expect(pauses[i]).toBeGreaterThanOrEqual(ms - 5));
    expect(events.runs.at(-1)).toBe('a#5');
  });

  it('has the policy of its own pattern, over that of the server', async () => {
    @Controller()
    class TwoController {
      @EventPattern<string>('twice', { retry: { attempts: 2 } })
      twice(): never {
        throw new RpcError('INTERNAL', 'twice');
      }

      @EventPattern<string>('often')
      often(): never {
        throw new RpcError('INTERNAL', 'often');
      }
    }
    const { server } = await cluster.serve(
      { controllers: [TwoController] },
      { retry: { attempts: 4, backoffMs: 1 } },
    );
    const client = cluster.client();
    client.emit('twice', 1);
    client.emit('often', 1);
    await until(() => server.counters.eventsFailed === 6);
    await turns(200);
    expect(server.counters).toMatchObject({ eventsStarted: 6, eventsFailed: 6, retried: 4 });
  });

  describe('with a key', () => {
    it('keeps the later ones of its key waiting, and no others', async () => {
      const server = await serve({ ...FAST, backoffMs: 200 }, { concurrency: 1, partitions: 1 });
      const client = cluster.client();
      emit(client, 'a', 2, 'k');
      await until(() => server.counters.retried === 1);
      const fromMs = performance.now();
      emit(client, 'b', 0, 'k');
      emit(client, 'other', 0, 'l');
      emit(client, 'keyless', 0);
      await until(() => events.of('other').length === 1 && events.of('keyless').length === 1);
      expect(performance.now() - fromMs).toBeLessThan(150);
      expect(events.of('b')).toEqual([]);
      await until(() => events.of('b').length === 1);
      expect(events.runs.filter((run) => /^[ab]#/.test(run))).toEqual(['a#1', 'a#2', 'a#3', 'b#1']);
    });

    it('runs in order with all of its key, though each fails', async () => {
      await serve({ attempts: 3, backoffMs: 5, jitter: 1 }, { partitions: 1 });
      const client = cluster.client();
      for (let i = 0; i < 10; i++) emit(client, `${i}`, i % 3, 'k');
      await until(() => events.of('9').length === 1);
      const lasts = [...new Set(events.runs.map((run) => run.split('#')[0]))];
      expect(lasts).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`));
      expect(events.runs).toHaveLength(10 + 3 + 6);
    });

    it('gives its order up if its handler says so', async () => {
      await serve({ ...FAST, order: 'none' }, { partitions: 1 });
      const client = cluster.client();
      emit(client, 'a', 1, 'k');
      emit(client, 'b', 0, 'k');
      await until(() => events.runs.length === 3);
      expect(events.runs).toEqual(['a#1', 'b#1', 'a#2']);
    });

    it('holds up no close, and is run by the next server', async () => {
      const first = await serve({ ...FAST, backoffMs: 60_000 });
      emit(cluster.client(), 'a', 1, 'k');
      await until(() => first.counters.retried === 1);
      const fromMs = performance.now();
      await first.close();
      expect(performance.now() - fromMs).toBeLessThan(500);
      await serve(FAST);
      await until(() => events.runs.length === 2);
      // What another server did with it is not known to this one.
      expect(events.runs).toEqual(['a#1', 'a#1']);
    });

    it("is run by its partition's next owner when that moves while it waits", async () => {
      const first = await serve({ ...FAST, backoffMs: 60_000 }, { partitions: 1 });
      emit(cluster.client(), 'a', 1, 'k');
      await until(() => first.counters.retried === 1);
      cluster.driver.killMember('rpc.sum', 0);
      await until(() => events.runs.length === 2);
      // Its failure is not known any more, and that its first server was thrown out is.
      expect(events.runs).toEqual(['a#1', 'a#2']);
    });
  });

  describe('without a key', () => {
    it('blocks nothing meanwhile: its record is committed when the delay topic has it', async () => {
      const server = await serve({ ...FAST, backoffMs: 60_000 }, { concurrency: 1, partitions: 1 });
      const client = cluster.client();
      emit(client, 'a', FOR_EVER);
      await until(() => server.counters.retried === 1 && server.callsInHand === 0);
      const fromMs = performance.now();
      emit(client, 'b', 0);
      await until(() => events.of('b').length === 1);
      expect(performance.now() - fromMs).toBeLessThan(150);
      await server.close();
      await serve({ ...FAST, backoffMs: 60_000 }, { partitions: 1 });
      emit(client, 'c', 0);
      await until(() => events.of('c').length === 1);
      expect(events.runs).toEqual(['a#1', 'b#1', 'c#1']);
    });

    it('runs again at another server when its own is closed meanwhile, with its attempts counted', async () => {
      const first = await serve({ ...FAST, backoffMs: 200 });
      emit(cluster.client(), 'a', 2);
      await until(() => first.counters.retried === 1 && first.callsInHand === 0);
      await first.close();
      await serve({ ...FAST, backoffMs: 200 });
      await until(() => events.runs.length === 3);
      expect(events.runs).toEqual(['a#1', 'a#2', 'a#3']);
    });

    it('is neither lost nor run too often when servers close while it fails, or waits', async () => {
      const retry = { attempts: 10, backoffMs: 30, jitter: 0.5 };
      const names = Array.from({ length: 100 }, (_, i) => `e${i}`);
      const isDone = (): boolean => names.every((name) => events.of(name).length >= 3);
      let server = await serve(retry);
      const client = cluster.client();
      names.forEach((name, i) => emit(client, name, 2, i % 4 === 0 ? name : undefined));
      for (let round = 0; round < 4; round++) {
        const { eventsStarted } = server.counters;
        await until(() => server.counters.eventsStarted > eventsStarted + 10 || isDone());
        await server.close();
        server = await serve(retry);
      }
      await until(isDone);
      await turns(100);
      expect(names.filter((name) => events.of(name).length !== 3)).toEqual([]);
    });

    it('waits with its server unfinished while the delay topic does not take it, and is told of', async () => {
      const server = await serve(FAST, { gracePeriodMs: 100 });
      const denied = new RpcError(RpcStatus.PERMISSION_DENIED, 'no right to write there');
      cluster.driver.playProduce(({ topic }) =>
        topic === 'rpc.sum.delays' ? { refusal: denied } : undefined,
      );
      emit(cluster.client(), 'a', 1);
      await until(() => server.counters.retried === 1);
      await turns();
      await server.close();
      cluster.driver.playProduce();
      await serve(FAST);
      await until(() => events.runs.length === 2);
      expect(events.runs).toEqual(['a#1', 'a#1']);
    });

    it('is written when the delay topic takes it again', async () => {
      const server = await serve(FAST);
      const denied = new RpcError(RpcStatus.PERMISSION_DENIED, 'no right to write there');
      let refusals = 0;
      cluster.driver.playProduce(({ topic }) => {
        if (topic !== 'rpc.sum.delays' || refusals > 0) return undefined;
        refusals += 1;
        return { refusal: denied };
      });
      emit(cluster.client(), 'a', 1);
      await until(() => events.runs.length === 2);
      expect(events.runs).toEqual(['a#1', 'a#2']);
      expect(server.counters.retried).toBe(1);
    });

    it('does not go there beyond its deadline', async () => {
      const server = await serve({ ...FAST, backoffMs: 60_000 });
      cluster.client().emit('thrown', { name: 'a', fails: 1 }, { timeoutMs: 5_000 });
      await until(() => server.counters.eventsFailed === 1);
      expect(server.counters.retried).toBe(0);
    });

    it('stays what it is behind wire stages, and cannot be read on the delay topic', async () => {
      const ring = keyring({ current: 'k1', keys: { k1: Buffer.alloc(32, 1) } });
      const stages = { interceptors: [encryption({ keyring: ring })] };
      const server = await serve(FAST, { ...stages, partitions: 1 });
      const log: string[] = [];
      const reader = server.unwrap<DriverConnection>();
      await reader.readPartition({ topic: 'rpc.sum.delays', partition: 0, from: 0n }, (records) => {
        for (const { value, headers } of records)
          log.push(String(value), ...Object.values(headers).map(String));
      });
      cluster.client(stages).emit('thrown', { name: 'canary', fails: 2 });
      await until(() => events.runs.length === 3);
      expect(events.runs).toEqual(['canary#1', 'canary#2', 'canary#3']);
      expect(server.counters).toMatchObject({ recordsRefused: 0, callsReplayed: 0 });
      expect(log.length).toBeGreaterThan(0);
      expect(log.join()).not.toMatch(/canary|thrown/);
    });

    it('goes on in a group with a server that knows no delay topic', async () => {
      await cluster.serve({ controllers: [events.controller()] }, { partitions: 2, delays: false });
      const server = await serve(FAST, { partitions: 2 });
      const client = cluster.client();
      // One of the two partitions is this server's.
      for (let i = 0; i < 40; i++) emit(client, `e${i}`, 1);
      await until(() => server.counters.retried > 0);
      await until(() => server.counters.eventsStarted === 2 * server.counters.retried);
      expect(server.counters.eventsFailed).toBe(server.counters.retried);
    });
  });
});
