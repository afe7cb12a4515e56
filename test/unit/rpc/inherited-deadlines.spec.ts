import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaRpcRecordBuilder, RpcError, RpcStatus, type KafkaRpcContext } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { ThreeServices } from '../../support/three-services.js';
import { until } from '../../support/until.js';

/** What a call was sent with; undefined for no deadline. */
const ttlMs = (context: KafkaRpcContext): number | undefined => {
  const deadline = context.getDeadline();
  return deadline === undefined ? undefined : deadline - context.getTimestamp();
};

/** The client's own time-out, or what a busy machine left of it. */
const expectOwn = (received: readonly (number | undefined)[]): void => {
  expect(received.length).toBeGreaterThan(0);
  for (const ms of received) expect(ms).toBeGreaterThan(9_970);
};

describe('the deadline of a call made in a handler', () => {
  let cluster: RpcCluster;
  let services: ThreeServices;
  let received: (number | undefined)[];

  beforeEach(async () => {
    received = [];
    cluster = new RpcCluster();
    services = new ThreeServices(cluster);
    services.does.back = (_data, context) => void received.push(ttlMs(context));
    await services.serve();
  });

  afterEach(() => cluster.close());

  it('is what is left of the outer call’s time less a margin, from hop to hop', async () => {
    const { middle } = services.does;
    services.does.middle = async (data, context) => {
      received.push(ttlMs(context));
      await sleep(50);
      return middle(data, context);
    };
    await services.front.call('front', 0, { timeoutMs: 2_000 });
    const [atMiddle, atBack] = received as number[];
    expect(atMiddle).toBeGreaterThan(1_000);
    expect(atMiddle).toBeLessThanOrEqual(1_980);
    expect(atBack).toBeLessThanOrEqual(atMiddle! - 70);
    expect(atBack).toBeGreaterThan(500);
  });

  it.each(['call', 'send'] as const)('is there in %s()', async (way) => {
    services.does.middle = (data) =>
      way === 'send' ? services.back.send('back', data) : services.back.call('back', data).then(() => 1);
    await lastValueFrom(services.front.send('front', 0), { defaultValue: 0 });
    await services.front.call('front', new KafkaRpcRecordBuilder(0).build(), { timeoutMs: 900 });
    const [ofDefault, ofShort] = received as number[];
    expect(ofDefault).toBeLessThanOrEqual(9_960);
    expect(ofShort).toBeLessThanOrEqual(860);
  });

  it('is its own where that is shorter, and not where it is longer', async () => {
    services.does.middle = async (timeoutMs) =>
      void (await services.back.call('back', 0, { timeoutMs: timeoutMs as number }));
    await services.front.call('front', 200, { timeoutMs: 2_000 });
    await services.front.call('front', 60_000, { timeoutMs: 2_000 });
    expect(received[0]).toBeLessThanOrEqual(200);
    expect(received[1]).toBeLessThanOrEqual(1_960);
  });

  it('is its own where it is detached: by option, by record, by the client', async () => {
    const record = new KafkaRpcRecordBuilder(0).setDetached().build();
    const apart = cluster.client({ service: 'back', detached: true });
    await apart.connect();
    services.does.middle = async () => {
      await services.back.call('back', 0, { detached: true });
      await lastValueFrom(services.back.send('back', record), { defaultValue: 0 });
      await apart.call('back', 0);
      await apart.call('back', 0, { detached: false });
    };
    await services.front.call('front', 0, { timeoutMs: 2_000 });
    expectOwn(received.slice(0, 3));
    expect(received[3]).toBeLessThanOrEqual(1_960);
  });

  it('is not that of a call whose handler has ended', async () => {
    services.does.middle = () => {
      setTimeout(() => void services.back.call('back', 0).catch(() => undefined), 50);
    };
    await services.front.call('front', 0, { timeoutMs: 5_000 });
    await until(() => received.length === 1);
    expectOwn(received);
  });

  it('is its own outside of handlers', async () => {
    await services.back.call('back', 0);
    expectOwn(received);
  });

  it('is the reason that its error names', async () => {
    services.does.back = () => sleep(2_000);
    let told: unknown;
    services.does.middle = (data) => services.back.call('back', data).catch((error) => (told = error));
    await services.front.call('front', 0, { timeoutMs: 400 }).catch(() => undefined);
    await until(() => told !== undefined);
    expect(told).toMatchObject({ status: RpcStatus.DEADLINE_EXCEEDED });
    expect((told as RpcError).message).toMatch(
      /^Timeout: no answer to "back" within \d+ ms, what was left to "middle", in whose handler it was made\. The broker/,
    );
  });

  it('is passed when the outer call’s is: what a late handler begins is not sent', async () => {
    const refusals: RpcError[] = [];
    services.does.front = async () => {
      await sleep(150);
      await services.middle.call('middle', 0).catch((error) => refusals.push(error));
    };
    services.does.middle = () => void received.push(0);
    await services.front.call('front', 0, { timeoutMs: 80 }).catch(() => undefined);
    await until(() => refusals.length === 1);
    expect(refusals[0]).toMatchObject({
      status: RpcStatus.DEADLINE_EXCEEDED,
      retryable: false,
      message:
        'The call to "middle" was not sent: it was made in the handler of "front". The deadline of the call passed.',
    });
    expect(received).toEqual([]);
  });

  it('is not shared by an event, unless that asks for it', async () => {
    services.does.middle = async () => {
      await lastValueFrom(services.back.emit('back.event', 0), { defaultValue: 0 });
      await lastValueFrom(services.back.emit('back.event', 0, { timeoutMs: 5_000 }), { defaultValue: 0 });
      await lastValueFrom(services.back.emit('back.event', 0, { detached: false }), { defaultValue: 0 });
    };
    await services.front.call('front', 0, { timeoutMs: 2_000 });
    await until(() => received.length === 3);
    const [inherited, ...own] = received.map((ms = Infinity) => ms).sort((a, b) => a - b);
    expect(inherited).toBeLessThanOrEqual(1_960);
    expect(own[0]).toBeGreaterThan(4_000);
    expect(own[1]).toBe(Infinity);
  });

  it('is its own in the handler of an event that has none', async () => {
    await lastValueFrom(services.middle.emit('middle.event', 0), { defaultValue: 0 });
    await until(() => received.length === 1);
    expectOwn(received);
  });

  it('leaves no room for a later start, and says whose it is', async () => {
    let told: unknown;
    services.does.middle = (data) =>
      services.back.call('back', data, { delayMs: 3_000 }).catch((error) => (told = error));
    await services.front.call('front', 0, { timeoutMs: 2_000 });
    expect((told as RpcError).message).toMatch(/before the deadline, which is in 1\d\d\d ms/);
  });

  it.each(['yes', 1])('refuses %j for detached', async (detached) => {
    const options = { detached: detached as unknown as boolean };
    await expect(services.back.call('back', 0, options)).rejects.toMatchObject({
      status: RpcStatus.INVALID_ARGUMENT,
      message: expect.stringContaining('detached'),
    });
    expect(() => cluster.client(options)).toThrow(RpcError);
  });
});
