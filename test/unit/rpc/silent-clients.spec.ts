import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  KafkaRpcContext,
  RpcStatus,
  type KafkaRpcClient,
  type KafkaRpcClientOptions,
} from 'nestjs-kafka-rpc';
import { interval, lastValueFrom, NEVER, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const SILENCE_MS = 300;
const SIGNS = { signOfLifeMs: 50, timeoutMs: 60_000 };

describe('a client that is not heard of any more', () => {
  let cluster: RpcCluster;
  let contexts: KafkaRpcContext[];
  let errors: unknown[];

  @Controller()
  class FeedController {
    @MessagePattern('feed.wait')
    wait(@Payload() _data: unknown, @Ctx() context: KafkaRpcContext): Observable<never> {
      contexts.push(context);
      void context.signal;
      return NEVER;
    }

    @MessagePattern('feed.ticks')
    ticks(@Payload() _data: unknown, @Ctx() context: KafkaRpcContext): Observable<number> {
      contexts.push(context);
      void context.signal;
      return interval(10);
    }

    @EventPattern<string>('feed.event')
    event(@Payload() _data: unknown, @Ctx() context: KafkaRpcContext): Promise<void> {
      contexts.push(context);
      return sleep(1_000);
    }
  }

  beforeEach(() => {
    cluster = new RpcCluster();
    contexts = [];
    errors = [];
  });

  afterEach(() => cluster.close());

  const serve = async (clientSilenceMs = SILENCE_MS): Promise<{ counters: Record<string, unknown> }> => {
    const { server } = await cluster.serve(
      { controllers: [FeedController] },
      { clientSilenceMs, gracePeriodMs: 50 },
    );
    return server as unknown as { counters: Record<string, unknown> };
  };

  /** A client whose process can be stopped: it sends nothing any more. */
  const mortal = async (
    options: Partial<KafkaRpcClientOptions> = {},
  ): Promise<{ client: KafkaRpcClient; die(): void; revive(): void }> => {
    let isDead = false;
    const client = cluster.client({ ...SIGNS, ...options });
    await client.connect();
    const connection = client.unwrap<{ produce: (...args: never[]) => Promise<unknown> }>();
    const produce = connection.produce.bind(connection);
    connection.produce = (...args) => (isDead ? new Promise(() => undefined) : produce(...args));
    return { client, die: () => (isDead = true), revive: () => (isDead = false) } as never;
  };

  const stream = (client: KafkaRpcClient, pattern = 'feed.wait'): void =>
    void client.send(pattern, 0).subscribe({ error: (error: unknown) => errors.push(error) });

  const aborted = (): boolean[] => contexts.map(({ signal }) => signal.aborted);

  it('has its streams and calls ended at the server, and is told, if it lives after all', async () => {
    const server = await serve();
    const { client, die } = await mortal();
    stream(client);
    stream(client, 'feed.ticks');
    await until(() => contexts.length === 2);
    await sleep(2 * SILENCE_MS);
    expect(aborted()).toEqual([false, false]);
    die();
    await until(() => aborted().every(Boolean));
    expect(contexts[0]!.signal.reason).toMatchObject({ status: RpcStatus.ABORTED });
    expect(server.counters).toMatchObject({ callsOfSilentClients: 2 });
    await until(() => errors.length === 2);
    expect(errors).toEqual([
      expect.objectContaining({
        status: RpcStatus.ABORTED,
        message: 'The server heard nothing of the client any more, took it for dead, and ended the call.',
      }),
      expect.objectContaining({ status: RpcStatus.ABORTED }),
    ]);
  });

  it('does not take the calls of others with it', async () => {
    await serve();
    const dying = await mortal();
    const living = await mortal();
    stream(dying.client);
    await until(() => contexts.length === 1);
    stream(living.client);
    await until(() => contexts.length === 2);
    dying.die();
    await until(() => aborted()[0] === true);
    await sleep(SILENCE_MS);
    expect(aborted()).toEqual([true, false]);
  });

  it('is left alone if it never said that it gives signs, or where the server does not ask', async () => {
    await serve();
    const old = await mortal({ signOfLifeMs: 0 });
    stream(old.client);
    await until(() => contexts.length === 1);
    old.die();
    await sleep(3 * SILENCE_MS);
    expect(aborted()).toEqual([false]);
  });

  it('is left alone where the server is told to', async () => {
    await serve(0);
    const { client, die } = await mortal();
    stream(client);
    await until(() => contexts.length === 1);
    die();
    await sleep(3 * SILENCE_MS);
    expect(aborted()).toEqual([false]);
  });

  it('keeps its events: they run, whoever sent them', async () => {
    const server = await serve();
    const { client, die } = await mortal();
    await lastValueFrom(client.emit('feed.event', 0), { defaultValue: 0 });
    await until(() => contexts.length === 1);
    die();
    await sleep(3 * SILENCE_MS);
    expect(aborted()).toEqual([false]);
    expect(server.counters).toMatchObject({ callsOfSilentClients: 0 });
  });

  it('is not a client that the server cannot hear, because the broker is away', async () => {
    await serve();
    const { client } = await mortal();
    stream(client);
    await until(() => contexts.length === 1);
    cluster.driver.stopBroker();
    await sleep(4 * SILENCE_MS);
    cluster.driver.startBroker();
    await sleep(2 * SILENCE_MS);
    expect(aborted()).toEqual([false]);
  });

  it('is not a client that the server does not read, because it has too much in hand', async () => {
    const { server } = await cluster.serve(
      { controllers: [FeedController] },
      { clientSilenceMs: SILENCE_MS, gracePeriodMs: 50, maxQueued: 2, concurrency: 1 },
    );
    const { client } = await mortal();
    for (let i = 0; i < 3; i++) stream(client);
    await until(() => server.callsInHand >= 2);
    await sleep(4 * SILENCE_MS);
    expect(server.counters).toMatchObject({ callsOfSilentClients: 0 });
    expect(errors).toEqual([]);
  });

  it('gives no sign for short calls, and none when nothing is open', async () => {
    await serve();
    const { client } = await mortal({ signOfLifeMs: 20 });
    const sent = jest.spyOn(client.unwrap<{ produce: () => unknown }>(), 'produce');
    await client.call('feed.none', 0).catch(() => undefined);
    expect(sent).toHaveBeenCalledTimes(1);
    await sleep(200);
    expect(sent).toHaveBeenCalledTimes(1);
    stream(client);
    await until(() => sent.mock.calls.length > 4);
    await client.close();
    const { length } = sent.mock.calls;
    await sleep(200);
    expect(sent).toHaveBeenCalledTimes(length);
  });
});
