import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  KafkaRpcDeadLetters,
  type DeadLetter,
  type FailedEvent,
  type KafkaRpcContext,
  type KafkaRpcServer,
  type KafkaRpcServerOptions,
} from 'nestjs-kafka-rpc';
import { lastValueFrom, NEVER, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('a call whose servers are thrown out of their group while it runs', () => {
  let cluster: RpcCluster;
  let runs: string[];
  let contexts: KafkaRpcContext[];
  let harmless: boolean;
  let innocents: boolean;

  beforeEach(() => {
    cluster = new RpcCluster();
    runs = [];
    contexts = [];
    [harmless, innocents] = [false, false];
  });
  afterEach(() => cluster.close());

  const note = (name: string, context: KafkaRpcContext): void => {
    runs.push(`${name}#${context.getAttempt()}`);
    contexts.push(context);
  };

  @Controller()
  class DeadlyController {
    @MessagePattern<string>('deadly')
    deadly(@Payload() name: string, @Ctx() context: KafkaRpcContext): Observable<never> | string {
      note(name, context);
      return harmless || (innocents && name.startsWith('innocent')) ? name : NEVER;
    }

    @EventPattern<string>('told')
    told(@Payload() name: string, @Ctx() context: KafkaRpcContext): Promise<void> {
      note(name, context);
      return harmless ? Promise.resolve() : new Promise(() => undefined);
    }

    @MessagePattern<string>('echo')
    echo(@Payload() name: string, @Ctx() context: KafkaRpcContext): string {
      note(name, context);
      return name;
    }
  }

  const serve = async (options: Partial<KafkaRpcServerOptions> = {}): Promise<KafkaRpcServer> => {
    const { server } = await cluster.serve(
      { controllers: [DeadlyController] },
      { partitions: 1, gracePeriodMs: 50, ...options },
    );
    return server;
  };
  /** One that dies does not run the call again that it still has: each time another one gets it. */
  const serveMany = async (count: number, options = {}): Promise<KafkaRpcServer[]> => {
    const servers: KafkaRpcServer[] = [];
    for (let i = 0; i < count; i++) servers.push(await serve(options));
    return servers;
  };
  /** So often, whenever it runs again. */
  const die = async (name: string, times: number): Promise<void> => {
    for (let death = 1; death <= times; death++) {
      await until(() => runs.filter((run) => run.startsWith(`${name}#`)).length === death);
      cluster.driver.killMember('rpc.sum', 0);
    }
  };
  const lettersOf = async (letters: KafkaRpcDeadLetters): Promise<DeadLetter[]> => {
    const found: DeadLetter[] = [];
    for await (const letter of letters.list()) found.push(letter);
    return found;
  };

  it('is given up after the third time, its caller is told, and each run knows of those before it', async () => {
    const servers = await serveMany(4);
    const client = cluster.client({ partitions: 1 });
    const answer = client.call('deadly', 'a', { timeoutMs: 60_000 });
    const failed = expect(answer).rejects.toMatchObject({
      status: 'ABORTED',
      retryable: false,
      message: expect.stringMatching(/"deadly" is given up: 3 servers died/),
    });
    await die('a', 3);
    await failed;
    expect(runs).toEqual(['a#1', 'a#2', 'a#3']);
    expect(contexts.map((context) => context.getHistory()?.deaths)).toEqual([undefined, 1, 2]);
    const givenUp = servers.map(({ counters }) => counters.callsGivenUp);
    expect(givenUp.sort()).toEqual([0, 0, 0, 1]);
    expect((await client.call('echo', 'after')).value).toBe('after');
    expect(runs.at(-1)).toBe('after#1');
  });

  it('goes to the dead letters, an event as well, and runs when it is sent again from there', async () => {
    const heard: FailedEvent[] = [];
    await serveMany(4, {
      deadLetter: { failed: true },
      onDeadLetter: (event: FailedEvent) => void heard.push(event),
    });
    const client = cluster.client({ partitions: 1 });
    await lastValueFrom(client.emit('told', 'event'), { defaultValue: null });
    await die('event', 3);
    await until(() => heard.length === 1);
    const answer = expect(client.call('deadly', 'call', { timeoutMs: 60_000 })).rejects.toMatchObject({
      status: 'ABORTED',
    });
    await die('call', 3);
    await answer;
    expect(heard).toMatchObject([
      { reason: 'deaths', pattern: 'told', attempts: 3, status: 'ABORTED', data: 'event' },
      { reason: 'deaths', pattern: 'deadly', attempts: 3, data: 'call' },
    ]);

    const letters = new KafkaRpcDeadLetters({ service: 'sum', driver: cluster.driver });
    cluster.onClose(() => letters.close());
    expect(await lettersOf(letters)).toMatchObject([
      {
        reason: 'deaths',
        event: { attempts: 3, lastError: { message: expect.stringMatching(/3 servers/) } },
      },
      { reason: 'deaths' },
    ]);
    harmless = true;
    expect(await letters.redrive({ reason: 'deaths' })).toMatchObject({ matched: 2, redriven: 2 });
    await until(() => runs.length === 8);
    expect(runs.slice(6)).toEqual(['event#1', 'call#1']);
    expect(contexts.at(-1)?.getHistory()).toMatchObject({ deaths: 0, redriven: 1 });
    expect(await lettersOf(letters)).toEqual([]);
  });

  it('is none of those that only ran beside it: they are run again, and answered', async () => {
    await serveMany(4);
    const client = cluster.client({ partitions: 1 });
    const innocent = Array.from({ length: 20 }, (_, i) => `innocent ${i}`);
    const answers = innocent.map((name) => client.call('deadly', name, { timeoutMs: 60_000 }));
    const guilty = expect(client.call('deadly', 'guilty', { timeoutMs: 60_000 })).rejects.toMatchObject({
      status: 'ABORTED',
    });
    // All of them run when a server dies for the first time, and for the second; then they run one at a time.
    await die('guilty', 2);
    innocents = true;
    expect((await Promise.all(answers)).map(({ value }) => value)).toEqual(innocent);
    await until(() => runs.includes('guilty#3'));
    cluster.driver.killMember('rpc.sum', 0);
    await guilty;
    expect(runs.filter((run) => run.startsWith('guilty'))).toEqual(['guilty#1', 'guilty#2', 'guilty#3']);
  });

  it('counts no server that closes in order', async () => {
    const client = cluster.client({ partitions: 1 });
    const answer = client.call('deadly', 'a', { timeoutMs: 60_000 });
    for (let round = 1; round <= 4; round++) {
      const server = await serve();
      await until(() => runs.length === round);
      await server.close();
    }
    harmless = true;
    await serve();
    expect((await answer).value).toBe('a');
    expect(runs).toEqual(['a#1', 'a#1', 'a#1', 'a#1', 'a#1']);
  });

  it('is given up with an idempotency key as well: all who ask for it are told, and the key is free again', async () => {
    await serveMany(4, { idempotency: {} });
    const client = cluster.client({ partitions: 1 });
    const options = { idempotencyKey: 'k', timeoutMs: 60_000 };
    const told = {
      status: 'ABORTED',
      message: expect.stringMatching(/"deadly" is given up: 3 servers died/),
    };
    const first = expect(client.call('deadly', 'a', options)).rejects.toMatchObject(told);
    await until(() => runs.length === 1);
    const second = expect(client.call('deadly', 'a', options)).rejects.toMatchObject(told);
    await die('a', 3);
    await Promise.all([first, second]);
    expect(runs).toEqual(['a#1', 'a#2', 'a#3']);
    expect(contexts.map((context) => context.getHistory()?.deaths)).toEqual([undefined, 1, 2]);
    harmless = true;
    expect((await client.call('deadly', 'a', options)).value).toBe('a');
    expect(runs.at(-1)).toBe('a#1');
  });

  it('is given up as well when it was delayed, as a call and as an event', async () => {
    const heard: FailedEvent[] = [];
    const onDeadLetter = (event: FailedEvent): void => void heard.push(event);
    await serveMany(4, { deadLetter: { failed: true }, onDeadLetter });
    const client = cluster.client({ partitions: 1 });
    const answer = client.call('deadly', 'call', { timeoutMs: 60_000, delayMs: 50 });
    const failed = expect(answer).rejects.toMatchObject({ status: 'ABORTED', retryable: false });
    await die('call', 3);
    await failed;
    client.emit('told', 'event', { delayMs: 50 });
    await die('event', 3);
    await until(() => heard.length === 2);
    expect(runs).toEqual(['call#1', 'call#2', 'call#3', 'event#1', 'event#2', 'event#3']);
    expect(heard).toMatchObject([
      { reason: 'deaths', pattern: 'deadly', attempts: 3 },
      { reason: 'deaths', pattern: 'told', attempts: 3 },
    ]);
  });

  it('is never given up where nobody counts', async () => {
    await serveMany(7, { maxDeaths: 0 });
    const answer = cluster.client({ partitions: 1 }).call('deadly', 'a', { timeoutMs: 60_000 });
    await die('a', 5);
    await until(() => runs.length === 6);
    harmless = true;
    cluster.driver.killMember('rpc.sum', 0);
    expect((await answer).value).toBe('a');
    expect(new Set(runs)).toEqual(new Set(['a#1']));
  });

  it('is refused a number with which others would be given up as well', async () => {
    await expect(serve({ maxDeaths: 2 })).rejects.toThrow(/maxDeaths.*0, or a whole number of at least 3/);
  });
});
