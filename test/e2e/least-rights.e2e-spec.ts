import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { KafkaRpcClient, KafkaRpcServer, RpcStatus, type KafkaDriver } from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import { lastValueFrom, of, toArray } from 'rxjs';
import { AccessControl, right, type Right } from '../support/access-control.js';
import { LiveCluster } from '../support/live-cluster.js';
import { eventually } from '../conformance/eventually.js';

jest.setTimeout(120_000);

const USERS = { caller: 'caller-secret', worker: 'worker-secret' };
const HEAL_MS = 8_000;

const events: unknown[] = [];

@Controller()
class Sum {
  @MessagePattern('add')
  add({ a, b }: { a: number; b: number }): number {
    return a + b;
  }

  @MessagePattern('noted')
  noted(what: number): number {
    events.push(what);
    return what;
  }

  @MessagePattern('count')
  count(to: number) {
    return of(...Array.from({ length: to }, (_, i) => i));
  }

  @EventPattern('told')
  told(what: unknown): void {
    events.push(what);
  }
}

describe('with an authorizer', () => {
  let cluster: LiveCluster;
  let access: AccessControl;
  const replies = 'rpc.replies';
  const requests = (): string => `rpc.${cluster.service}.requests`;
  const group = (): string => `rpc.${cluster.service}`;

  /** The tables of docs/security.md. */
  const callerRights = (): Right[] => [right('Write', 'topic', requests()), right('Read', 'topic', replies)];
  const workerRights = (): Right[] => [
    right('Read', 'topic', requests()),
    right('Write', 'topic', replies),
    right('Read', 'group', group()),
  ];

  const driverOf = (username: keyof typeof USERS, sasl?: object): KafkaDriver =>
    kafkajsDriver({
      brokers: cluster.kafka.brokers,
      sasl: (sasl ?? { mechanism: 'plain', username, password: USERS[username] }) as never,
    });

  const client = (options: object = {}): KafkaRpcClient =>
    cluster.client({ driver: driverOf('caller'), createTopics: false, timeoutMs: 20_000, ...options });

  const serve = (options: object = {}) =>
    cluster.serve({ controllers: [Sum] }, { driver: driverOf('worker'), createTopics: false, ...options });

  const failureOf = (work: Promise<unknown>): Promise<{ status?: string; message?: string }> =>
    work.then(
      () => ({ status: 'none' }),
      (error: unknown) => error as { status: string; message: string },
    );

  const listenFails = async (options: object = {}): Promise<{ status?: string; message?: string }> => {
    const server = new KafkaRpcServer({
      service: cluster.service,
      driver: driverOf('worker'),
      createTopics: false,
      ...options,
    });
    const failure = await failureOf(
      new Promise<void>((resolve, reject) =>
        server.listen((error) => (error ? reject(error as Error) : resolve())),
      ),
    );
    await server.close();
    return failure;
  };

  beforeAll(async () => {
    cluster = await LiveCluster.start({ killable: true, users: USERS });
    access = await AccessControl.open(cluster.kafka.direct);
    cluster.onClose(() => access.close());
    // An operator makes the topics.
    const operator = await cluster.serve(
      { controllers: [Sum] },
      { driver: kafkajsDriver({ brokers: cluster.kafka.direct }) },
    );
    await operator.app.close();
  });
  afterAll(() => cluster.close());

  beforeEach(async () => {
    await access.grant('caller', ...callerRights());
    await access.grant('worker', ...workerRights());
  });

  it('answers calls, streams and events with the least rights of docs/security.md, and no more', async () => {
    const running = await serve();
    const caller = client();

    expect((await caller.call<number>('add', { a: 2, b: 3 })).value).toBe(5);
    expect(await lastValueFrom(caller.send('count', 3).pipe(toArray()))).toEqual([0, 1, 2]);
    await lastValueFrom(caller.emit('told', 'once'), { defaultValue: undefined });
    await eventually(20_000, () => expect(events).toContain('once'));

    await caller.close();
    await running.app.close();
  });

  it.each([
    ['Read', () => right('Read', 'topic', replies)],
    ['Write', () => right('Write', 'topic', requests())],
  ])('fails the first call of a client without %s, and names right and topic', async (operation, missing) => {
    await access.revoke('caller', missing());
    const caller = client();

    const failure = await failureOf(caller.call('add', { a: 1, b: 1 }));

    expect(failure).toMatchObject({ status: RpcStatus.PERMISSION_DENIED });
    expect(failure.message).toContain(operation);
    expect(failure.message).toContain(missing().name);
    await caller.close();
  });

  it.each([
    ['Read on its requests', () => right('Read', 'topic', requests())],
    ['Write on replies', () => right('Write', 'topic', replies)],
    ['Read on its group', () => right('Read', 'group', group())],
  ])(
    'fails the start of a server without %s, at once, and names right and resource',
    async (_what, missing) => {
      await access.revoke('worker', missing());
      const startedAt = Date.now();

      const failure = await listenFails();

      expect(failure).toMatchObject({ status: RpcStatus.PERMISSION_DENIED });
      expect(failure.message).toContain(missing().operation);
      expect(failure.message).toContain(missing().name);
      expect(Date.now() - startedAt).toBeLessThan(3_000);
    },
  );

  it('refuses to make topics without the right to, and names it', async () => {
    const failure = await listenFails({ service: cluster.newService('new'), createTopics: true });

    expect(failure).toMatchObject({ status: RpcStatus.PERMISSION_DENIED });
    expect(failure.message).toContain('Create');
  });

  it('says what is wrong with a password', async () => {
    const sasl = { mechanism: 'plain', username: 'worker', password: 'wrong' };

    expect(await listenFails({ driver: driverOf('worker', sasl) })).toMatchObject({
      status: RpcStatus.UNAUTHENTICATED,
      retryable: false,
    });
  });

  it('says that a port may want a login when none is given', async () => {
    const failure = await listenFails({ driver: kafkajsDriver({ brokers: cluster.kafka.brokers }) });

    expect(failure.message).toContain('sasl');
  });

  it.each([
    ['a server', 'Read', () => right('Read', 'topic', requests()), 'worker'],
    ['a server', 'Write', () => right('Write', 'topic', replies), 'worker'],
    ['a server', 'Read', () => right('Read', 'group', group()), 'worker'],
    ['a client', 'Write', () => right('Write', 'topic', requests()), 'caller'],
    ['a client', 'Read', () => right('Read', 'topic', replies), 'caller'],
  ] as const)(
    'tells when %s loses %s while running, and heals when it is given back',
    async (side, operation, lost, user) => {
      const running = await serve();
      const caller = client({ timeoutMs: 3_000 });
      await caller.call('add', { a: 1, b: 1 });
      const told: Error[] = [];
      const target = side === 'a server' ? running.server : caller;
      let status = '';
      target.status.subscribe((next: string) => (status = next));
      if (side === 'a server') running.server.on('crashed', (error) => told.push(error));
      else caller.on('crashed', (error) => told.push(error));

      await access.revoke(user, lost());
      await failureOf(caller.call('add', { a: 1, b: 2 }));
      await eventually(HEAL_MS, () => expect(status).toBe('crashed'));
      expect(told[0]?.message).toContain(operation);
      expect(told[0]?.message).toContain(lost().name);

      await access.grant(user, lost());
      await eventually(HEAL_MS, () => expect(status).toBe('connected'));
      expect((await caller.call<number>('add', { a: 2, b: 2 })).value).toBe(4);
      await caller.close();
      await running.app.close();
    },
  );

  it('answers a call whose reply it may not write once it may, and runs it once', async () => {
    const running = await serve();
    const caller = client({ timeoutMs: 20_000 });
    await caller.call('add', { a: 1, b: 1 });
    events.length = 0;

    await access.revoke('worker', right('Write', 'topic', replies));
    const answer = caller.call<number>('noted', 7);
    await eventually(HEAL_MS, () => expect(running.server.counters.repliesHeld).toBeGreaterThan(0));
    await access.grant('worker', right('Write', 'topic', replies));

    expect((await answer).value).toBe(7);
    expect(events).toEqual([7]);
    await caller.close();
    await running.app.close();
    // Nothing was committed before its time, and nothing is left to be run again.
    const next = await serve();
    await client().call('add', { a: 1, b: 1 });
    expect(events).toEqual([7]);
    await next.app.close();
  });

  it('tells when its password is not taken any more, and heals when it is', async () => {
    const sasl = { mechanism: 'plain', username: 'worker', password: USERS.worker };
    const running = await serve({ driver: driverOf('worker', sasl) });
    let status = '';
    running.server.status.subscribe((next: string) => (status = next));

    sasl.password = 'changed';
    await cluster.kafka.kill(1);
    await cluster.kafka.startNode(1);
    await eventually(20_000, () => expect(status).toBe('crashed'));

    sasl.password = USERS.worker;
    await eventually(20_000, () => expect(status).toBe('connected'));
    const caller = client();
    expect((await caller.call<number>('add', { a: 2, b: 2 })).value).toBe(4);
    await caller.close();
    await running.app.close();
  });
});
