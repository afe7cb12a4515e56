import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  encryption,
  keyring,
  verification,
  type DriverConnection,
  type KafkaRpcClient,
} from 'nestjs-kafka-rpc';
import { json } from 'nestjs-kafka-rpc';
import type { Message } from '../../../lib/protocol/message.js';
import { SERVER_ID } from '../../support/incoming-calls.js';
import { connectRaw, speak } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const CONTROL = 'rpc.sum.control';

let release: () => void;
let whenReleased: Promise<void>;

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() data: number): number {
    return data;
  }

  @MessagePattern('sum.stuck')
  async stuck(): Promise<string> {
    await whenReleased;
    return 'free';
  }

  @EventPattern('sum.told')
  told(@Payload() data: unknown): unknown {
    return data;
  }
}

describe('asking servers', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;

  beforeEach(() => {
    whenReleased = new Promise((resolve) => (release = resolve));
    cluster = new RpcCluster();
    client = cluster.client();
  });

  afterEach(async () => {
    release();
    await cluster.close();
  });

  const serve = (options: object = {}) => cluster.serve({ controllers: [SumController] }, options);

  it('tells of each live server what it is, what it has, and how it does', async () => {
    const { server } = await serve({ version: '3.2.1', partitions: 4, concurrency: 7 });

    const [answer, ...others] = await client.ping();

    expect(others).toEqual([]);
    expect(answer).toEqual({
      id: server.id,
      state: 'live',
      service: 'sum',
      version: '3.2.1',
      packageVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
      capabilities: expect.arrayContaining(['ask', 'delays', 'signs-of-life']),
      patterns: ['sum.add', 'sum.stuck', 'sum.told'],
      partitions: [0, 1, 2, 3],
      load: { running: 0, queued: 0, concurrency: 7, oldestQueuedMs: 0 },
      uptimeMs: expect.any(Number),
      roundTripMs: expect.any(Number),
    });
    expect(answer!.roundTripMs).toBeGreaterThan(0);
    expect(server.counters.pingsAnswered).toBe(1);
  });

  it('hears of servers that own no partition', async () => {
    const servers = [];
    for (let i = 0; i < 3; i++) servers.push((await serve({ partitions: 1 })).server);

    const answers = await client.ping();

    expect(answers.map(({ id }) => id).sort()).toEqual(servers.map(({ id }) => id).sort());
    expect(answers.map(({ state }) => state)).toEqual(['live', 'live', 'live']);
    expect(answers.flatMap(({ partitions }) => partitions)).toEqual([0]);
  });

  it('hears of a server that is stuck in its queue, how many wait there, and since when', async () => {
    const { server } = await serve({ concurrency: 1, maxQueued: 4 });
    const calls = Array.from({ length: 20 }, () => client.call('sum.stuck', 1, { timeoutMs: 60_000 }));
    await until(() => server.callsInHand >= 4);
    await new Promise((resolve) => setTimeout(resolve, 30));

    const [answer] = await client.ping();

    expect(answer).toMatchObject({ id: server.id, state: 'live', load: { running: 1, concurrency: 1 } });
    expect(answer!.load!.queued).toBeGreaterThanOrEqual(3);
    expect(answer!.load!.oldestQueuedMs).toBeGreaterThanOrEqual(20);
    release();
    await Promise.all(calls);
    expect((await client.ping())[0]!.load).toMatchObject({ running: 0, queued: 0, oldestQueuedMs: 0 });
  });

  it('lists a member of the group that does not answer as silent, when the time is over', async () => {
    const { server } = await serve();
    // As one whose event loop is blocked: it is in the group, and says nothing.
    const blocked = await connectRaw(cluster.driver);
    cluster.onClose(() => blocked.close());
    const memberData = Buffer.from(
      JSON.stringify({
        ...{ server: SERVER_ID.toString('hex'), hash: 'h', patterns: ['sum.add'] },
        ...{ topics: ['rpc.sum.requests'], capabilities: ['ask'] },
      }),
    );
    const ignore = (): void => undefined;
    await blocked.joinGroup(
      { groupId: 'rpc.sum', topics: ['rpc.sum.requests'], sessionTimeoutMs: 6_000, memberData },
      {
        onAssigned: ignore,
        onRevoking: ignore,
        onRetained: ignore,
        onRevoked: ignore,
        onLost: ignore,
        onRecords: ignore,
      },
    );

    const answers = await client.ping({ timeoutMs: 400 });

    expect(answers.map(({ id, state }) => [id, state])).toEqual([
      [server.id, 'live'],
      [SERVER_ID.toString('hex'), 'silent'],
    ]);
    const [, silent] = answers;
    expect(silent).toMatchObject({ patterns: ['sum.add'], load: undefined, roundTripMs: undefined });
    expect(silent!.partitions.length).toBe(4);
  });

  it('asks one server by its id, or another service, as NATS has it', async () => {
    const one = await serve();
    await serve();
    const audit = await serve({ service: 'audit' });

    expect((await client.ping('sum', one.server.id)).map(({ id }) => id)).toEqual([one.server.id]);
    expect((await client.ping({ id: one.server.id })).map(({ id }) => id)).toEqual([one.server.id]);
    expect((await client.ping('audit')).map(({ id, service }) => [id, service])).toEqual([
      [audit.server.id, 'audit'],
    ]);
    expect(audit.server.counters.pingsAnswered).toBe(1);
  });

  it('says that there is none where there is none', async () => {
    expect(await client.ping()).toEqual([]);
    expect(await client.services()).toEqual([
      { name: 'sum', versions: [], patterns: [], capabilities: [], live: 0, silent: 0, servers: [] },
    ]);
  });

  it('does not list a server that has closed', async () => {
    const one = await serve();
    const other = await serve();
    await other.app.close();
    expect((await client.ping()).map(({ id }) => id)).toEqual([one.server.id]);
  });

  it('tells of handlers with info(), of counters with stats(), and of services with services()', async () => {
    const { server } = await serve({ version: '1.0.0', groupId: 'own' });
    client = cluster.client({ groupId: 'own' });
    await client.call('sum.add', 1);

    const [info] = await client.info();
    expect(info).toMatchObject({ id: server.id, groupId: 'own', clientId: 'nestjs-kafka-rpc' });
    expect(info!.endpoints).toEqual(
      expect.arrayContaining([
        { pattern: 'sum.add', kind: 'message' },
        { pattern: 'sum.told', kind: 'event' },
      ]),
    );
    const [stats] = await client.stats();
    expect(stats).toMatchObject({ id: server.id, counters: { callsStarted: 1 }, started: expect.any(Date) });
    expect(await client.services()).toMatchObject([
      { name: 'sum', versions: ['1.0.0'], live: 1, silent: 0, servers: [{ id: server.id }] },
    ]);
    expect(await client.services(['sum', 'nobody'])).toMatchObject([
      { live: 1 },
      { name: 'nobody', live: 0 },
    ]);
  });

  it('is authenticated as calls are: who has other keys is neither asked nor heard', async () => {
    const keys = (fill: number) => keyring({ current: 'k1', keys: { k1: Buffer.alloc(32, fill) } });
    const stages = (fill: number) => [
      encryption({ keyring: keys(fill) }),
      verification({ algorithm: 'hmac-sha256', keyring: keys(fill) }),
    ];
    const { server } = await serve({ interceptors: stages(1) });

    expect((await cluster.client({ interceptors: stages(1) }).ping()).map(({ id }) => id)).toEqual([
      server.id,
    ]);
    expect(await cluster.client({ interceptors: stages(2) }).ping({ timeoutMs: 300 })).toMatchObject([
      { id: server.id, state: 'silent' },
    ]);
    expect(server.counters.pingsAnswered).toBe(1);
    expect(server.counters.recordsRefused).toBeGreaterThanOrEqual(1);
  });

  it('works whatever the serializers: an answer is JSON', async () => {
    await serve({ serializer: json() });
    expect(await client.ping()).toMatchObject([{ state: 'live' }]);
  });

  it('refuses questions that are none', async () => {
    await expect(client.ping({ id: 'abc' })).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
    await expect(client.ping({ timeoutMs: 0 })).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
    await expect(client.info({ servise: 'sum' } as object)).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
    });
    await expect(client.services([''])).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
  });

  describe('by those who mean no good', () => {
    let raw: DriverConnection;

    beforeEach(async () => {
      raw = await connectRaw(cluster.driver);
      cluster.onClose(() => raw.close());
    });

    const ask = (
      count: number,
      message: Message,
      replyTo: object | null = { topic: 'rpc.replies', partition: 0 },
    ) => {
      const envelope = {
        direction: 'request',
        sender: Buffer.alloc(16, 9),
        contentType: 'msgpack',
        stages: '',
      };
      const record = speak(
        { ...envelope, replyTo } as never,
        ...Array.from({ length: count }, () => message),
      );
      return raw.produce([{ topic: CONTROL, partition: 0, key: null, ...record }], { acks: -1 });
    };
    const ping = (asks = 1): Message => ({ kind: 'ping', seq: 1, asks, server: null });

    it('in a flood is answered fifty times a second, and counted', async () => {
      const { server } = await serve();
      await ask(1_000, ping());
      await until(() => server.counters.pingsAnswered + server.counters.pingsIgnored === 1_000);
      expect(server.counters.pingsAnswered).toBe(50);
      expect(await client.call('sum.add', 3)).toMatchObject({ value: 3 });
    });

    it('of something unknown is answered as a ping', async () => {
      const { server } = await serve();
      await ask(1, ping(200));
      await until(() => server.counters.pingsAnswered === 1);
    });

    it('without an address, or with one elsewhere, is not answered, and counted', async () => {
      const { server } = await serve();
      await ask(1, ping(), null);
      await ask(1, ping(), { topic: 'payments', partition: 0 });
      await until(() => server.counters.refusals['reply-address'] === 1);
      expect(server.counters).toMatchObject({ pingsAnswered: 0, pingsIgnored: 1 });
    });

    it('with what is no question is skipped', async () => {
      const { server } = await serve();
      await ask(1, { kind: 'cancel', seq: 4 });
      await ask(1, ping());
      await until(() => server.counters.pingsAnswered === 1);
      expect(server.callsInHand).toBe(0);
    });

    it('is not heard in the place of servers: pongs that nobody waits for, twice, or unreadable', async () => {
      await serve({ replyPartitions: 1 });
      await client.connect();
      const pong = (seq: number, payload: string): Message => ({
        ...{ kind: 'pong', seq, receivedAtMs: 0, repliedAtMs: 0, payload: Buffer.from(payload) },
      });
      const recipient = Buffer.from(client.id, 'hex');
      const envelope = {
        direction: 'reply',
        sender: SERVER_ID,
        contentType: 'msgpack',
        stages: '',
        recipient,
      } as const;
      const state = JSON.stringify({ service: 'sum', load: 7, patterns: [1, 'x'], partitions: 'all' });
      const tell = (...messages: Message[]) =>
        raw.produce([{ topic: 'rpc.replies', partition: 0, key: null, ...speak(envelope, ...messages) }], {
          acks: -1,
        });

      await tell(pong(77, state));
      await until(() => client.counters.pongsIgnored === 1);
      const answers = client.ping({ timeoutMs: 500 });
      await tell(
        pong(1, '{'),
        pong(1, 'null'),
        pong(1, '{"service":"other"}'),
        pong(1, state),
        pong(1, state),
      );
      expect(await answers).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ id: SERVER_ID.toString('hex'), patterns: ['x'], partitions: [] }),
        ]),
      );
      expect(client.counters.pongsIgnored).toBe(5);
    });
  });

  it.each(['as soon as it is asked', 'while it waits for answers'])(
    'ends with CANCELLED when the client is closed, %s',
    async (when) => {
      await serve();
      await client.connect();
      const asked = client.ping({ id: '0'.repeat(32), timeoutMs: 60_000 }).catch((error: unknown) => error);
      if (when === 'while it waits for answers') await new Promise((resolve) => setTimeout(resolve, 30));
      await client.close();
      expect(await asked).toMatchObject({ status: 'CANCELLED' });
    },
  );

  it('refuses options that are a proxy which cannot be asked', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    await expect(client.ping(proxy)).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
  });
});
