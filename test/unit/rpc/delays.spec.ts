import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  KafkaRpcRecordBuilder,
  verification,
  keyring,
  type DriverConnection,
  type KafkaRpcContext,
  type KafkaRpcServer,
} from 'nestjs-kafka-rpc';
import { firstValueFrom } from 'rxjs';
import { RpcCluster, type ServeOptions } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

describe('what is to run later', () => {
  let cluster: RpcCluster;
  let ran: string[];
  let ranAtMs: number[];
  let contexts: KafkaRpcContext[];

  beforeEach(() => {
    cluster = new RpcCluster();
    [ran, ranAtMs, contexts] = [[], [], []];
  });

  afterEach(() => cluster.close());

  const serve = async (options: ServeOptions = {}): Promise<KafkaRpcServer> => {
    const run = (name: string, context: KafkaRpcContext): string => {
      ran.push(name);
      ranAtMs.push(performance.now());
      contexts.push(context);
      return name;
    };
    @Controller()
    class LaterController {
      @EventPattern<string>('event')
      event(@Payload() name: string, @Ctx() context: KafkaRpcContext): void {
        run(name, context);
      }

      @MessagePattern('call')
      call(@Payload() name: string, @Ctx() context: KafkaRpcContext): string {
        return run(name, context);
      }
    }
    const { server } = await cluster.serve({ controllers: [LaterController] }, { partitions: 2, ...options });
    return server;
  };

  const SOON_MS = 120;
  /** Longer than an event waits in its place. */
  const LATER_MS = 2_000;

  describe.each([{ delays: true }, { delays: false }])('with %j', (options) => {
    it('starts then, and not before; what comes behind it goes on', async () => {
      const server = await serve(options);
      const client = cluster.client();
      const fromMs = performance.now();
      client.emit('event', 'later', { delayMs: LATER_MS });
      client.emit('event', 'soon', { delayMs: SOON_MS });
      client.emit('event', 'now');
      await until(() => ran.length === 3);
      expect(ran).toEqual(['now', 'soon', 'later']);
      expect((ranAtMs[1] ?? 0) - fromMs).toBeGreaterThanOrEqual(SOON_MS - 5);
      expect((ranAtMs[2] ?? 0) - fromMs).toBeGreaterThanOrEqual(LATER_MS - 5);
      expect(server.counters.delayed).toBe(options.delays ? 1 : 0);
      expect(contexts[2]?.getHistory()).toMatchObject({ failures: 0, origin: { topic: 'rpc.sum.requests' } });
      expect(contexts[2]?.getAttempt()).toBe(1);
    });

    it('is told by a date too', async () => {
      await serve(options);
      const client = cluster.client();
      const at = new Date(Date.now() + SOON_MS);
      client.emit('event', new KafkaRpcRecordBuilder('at').setAt(at).build());
      client.emit('event', new KafkaRpcRecordBuilder('past').setAt(0).build());
      await until(() => ran.length === 2);
      expect(ran).toEqual(['past', 'at']);
      expect(Date.now()).toBeGreaterThanOrEqual(at.getTime() - 5);
    });

    it('starts at another server when its own is closed meanwhile, which does not wait for it', async () => {
      const first = await serve(options);
      const client = cluster.client();
      await firstValueFrom(client.emit('event', 'later', { delayMs: LATER_MS }), { defaultValue: undefined });
      if (options.delays) await until(() => first.counters.delayed === 1 && first.callsInHand === 0);
      else await turns(100);
      const fromMs = performance.now();
      await first.close();
      expect(performance.now() - fromMs).toBeLessThan(LATER_MS / 2);
      await serve(options);
      await until(() => ran.length === 1);
      expect(ran).toEqual(['later']);
    });

    it('is a call whose caller waits: it is answered, or cancelled before it starts', async () => {
      const server = await serve(options);
      const client = cluster.client();
      await client.connect();
      const fromMs = performance.now();
      const answer = await client.call('call', 'c', { delayMs: SOON_MS });
      expect(answer.value).toBe('c');
      expect(performance.now() - fromMs).toBeGreaterThanOrEqual(SOON_MS - 5);
      const abort = new AbortController();
      const cancelled = client.call('call', 'never', { delayMs: LATER_MS, signal: abort.signal });
      cancelled.catch(() => undefined);
      await turns(100);
      abort.abort();
      await expect(cancelled).rejects.toMatchObject({ status: 'CANCELLED' });
      await until(() => server.counters.callsCancelled === 1);
      expect(ran).toEqual(['c']);
    });
  });

  it('is refused when nobody waits any more by then, or its time is none', async () => {
    await serve();
    const client = cluster.client();
    const refused = (promise: Promise<unknown>, text: string): Promise<void> =>
      expect(promise).rejects.toThrow(text);
    await refused(client.call('call', 1, { delayMs: 2_000, timeoutMs: 2_000 }), 'Option "delayMs" is 2000');
    await refused(client.call('call', 1, { at: Date.now() + 20_000 }), 'Option "at"');
    await refused(client.call('call', 1, { delayMs: -1 }), 'Option "delayMs" is -1');
    await refused(client.call('call', 1, { delayMs: 1, at: 1 }), 'Option "at"');
    const event = { delayMs: 100, timeoutMs: 100 };
    await refused(firstValueFrom(client.emit('event', 1, event)), 'Option "delayMs" is 100');
    await refused(firstValueFrom(client.emit('event', 1, { dely: 1 } as never)), 'no option "dely"');
    expect(() => new KafkaRpcRecordBuilder(1).setAt(new Date('never')).build()).toThrow('Option "at"');
    expect(ran).toEqual([]);
  });

  it('is an event of which no more than `maxDelayed` are in hand: those behind run in time all the same', async () => {
    const server = await serve({ delays: true, maxDelayed: 10, partitions: 1 });
    const client = cluster.client();
    for (let i = 0; i < 60; i++) client.emit('event', `long ${i}`, { delayMs: 3_600_000 });
    await until(() => server.counters.delayed === 60);
    client.emit('event', 'short', { delayMs: 1_500 });
    await until(() => ran.length === 1);
    expect(ran).toEqual(['short']);
    const connection = server.unwrap<DriverConnection>();
    const reader = await connection.readPartition(
      { topic: 'rpc.sum.delays', partition: 0, from: 'latest' },
      () => undefined,
    );
    expect(reader.startOffset).toBeGreaterThan(1n);
    expect(server.callsInHand).toBe(0);
  }, 30_000);

  it("passes the wire stages, and is nobody's replay", async () => {
    const ring = keyring({ current: 'k1', keys: { k1: Buffer.alloc(32, 1) } });
    const stages = { interceptors: [verification({ keyring: ring })] };
    const server = await serve({ ...stages, delays: true });
    const client = cluster.client(stages);
    for (let i = 0; i < 20; i++) client.emit('event', `${i}`, { delayMs: 1_100 + i });
    client.emit('event', 'now');
    await until(() => ran.length === 21);
    expect(ran[0]).toBe('now');
    expect(server.counters).toMatchObject({ callsReplayed: 0, recordsRefused: 0, delayed: 20 });
  });

  it('needs a topic of its own', async () => {
    const topics = { delays: (): string => 'rpc.sum.requests' };
    await expect(serve({ topics, delays: true })).rejects.toThrow('Option "topics.delays"');
  });
});
