import { Controller } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import {
  encryption,
  KafkaRpcDeadLetters,
  keyring,
  RpcError,
  RpcStatus,
  type ConsumerRecord,
  type DeadLetter,
  type DriverConnection,
  type FailedEvent,
  type KafkaRpcServer,
} from 'nestjs-kafka-rpc';
import { FailingEvents } from '../../support/failing-events.js';
import { connectRaw } from '../../support/raw-records.js';
import { RpcCluster, type ServeOptions } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const LETTERS = 'rpc.sum.dead-letters';
const FOR_EVER = 1_000_000;
const RETRY = { attempts: 2, backoffMs: 5 };
const FAILED = { retry: RETRY, deadLetter: { failed: true }, partitions: 2 };

describe('an event that fails for good', () => {
  let cluster: RpcCluster;
  let events: FailingEvents;
  let raw: DriverConnection;
  let letters: ConsumerRecord[];

  beforeEach(async () => {
    cluster = new RpcCluster();
    events = new FailingEvents();
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    letters = [];
  });

  afterEach(() => cluster.close());

  const serve = async (options: ServeOptions = {}): Promise<KafkaRpcServer> => {
    const { server } = await cluster.serve({ controllers: [events.controller()] }, { ...FAILED, ...options });
    return server;
  };

  const readLetters = async (): Promise<void> => {
    for (const partition of [0, 1])
      await raw.readPartition({ topic: LETTERS, partition, from: 0n }, (records) => letters.push(...records));
  };

  const headersOf = (record: ConsumerRecord | undefined): Record<string, string> =>
    Object.fromEntries(Object.entries(record?.headers ?? {}).map(([name, value]) => [name, String(value)]));

  it('goes to the dead-letter topic with what is known of it', async () => {
    const server = await serve();
    cluster.client().emit('thrown', { name: 'a', fails: FOR_EVER }, { key: 'k' });
    await until(() => server.counters.deadLettered === 1);
    await readLetters();
    await until(() => letters.length === 1);
    expect(letters[0]?.key).toEqual(Buffer.from('k'));
    expect(headersOf(letters[0])).toMatchObject({
      'dead-letter-reason': 'failed',
      'dead-letter-status': 'UNAVAILABLE',
      'dead-letter-attempts': '2',
      'dead-letter-redriven': '0',
      'dead-letter-topic': 'rpc.sum.requests',
      'dead-letter-partition': expect.stringMatching(/^[01]$/) as string,
      'dead-letter-offset': '0',
      'dead-letter-timestamp-ms': expect.stringMatching(/^\d{13}$/) as string,
      'dead-letter-pattern': 'thrown',
      'dead-letter-first-error': 'not yet: a',
      'dead-letter-last-error': 'not yet: a',
    });
    expect(server.counters).toMatchObject({ retried: 1, deadLetters: 0 });
  });

  it('goes there at once when it is not to be tried again', async () => {
    const server = await serve();
    cluster.client().emit('thrown', { name: 'a', fails: FOR_EVER, status: 'INVALID_ARGUMENT' });
    cluster.client().emit('nobody', {});
    await until(() => server.counters.deadLettered === 2);
    await readLetters();
    await until(() => letters.length === 2);
    expect(letters.map((letter) => headersOf(letter)['dead-letter-status']).sort()).toEqual([
      'INVALID_ARGUMENT',
      'UNIMPLEMENTED',
    ]);
    expect(headersOf(letters[0])['dead-letter-attempts']).toBe('1');
    expect(server.counters.retried).toBe(0);
  });

  it('is only counted and logged where nothing is dead-lettered', async () => {
    const server = await serve({ deadLetter: {} });
    cluster.client().emit('thrown', { name: 'a', fails: FOR_EVER });
    await until(() => server.counters.eventsFailed === 2);
    await turns();
    expect(server.counters).toMatchObject({ deadLettered: 0, deadLetters: 0 });
    expect(server.callsInHand).toBe(0);
  });

  it('tells nothing outside of the process that a caller would not be told', async () => {
    @Controller()
    class SecretController {
      @EventPattern<string>('secret')
      secret(): never {
        throw new Error('canary: the password is 1234');
      }
    }
    const { server } = await cluster.serve({ controllers: [SecretController] }, FAILED);
    cluster.client().emit('secret', 1);
    await until(() => server.counters.deadLettered === 1);
    await readLetters();
    await until(() => letters.length === 1);
    expect(headersOf(letters[0])).toMatchObject({
      'dead-letter-status': 'INTERNAL',
      'dead-letter-last-error': 'Internal server error',
    });
    expect(String(letters[0]?.value)).not.toContain('canary');
  });

  it('shows neither key nor pattern nor text behind wire stages', async () => {
    const ring = keyring({ current: 'k1', keys: { k1: Buffer.alloc(32, 1) } });
    const stages = { interceptors: [encryption({ keyring: ring })] };
    const server = await serve(stages);
    cluster.client(stages).emit('thrown', { name: 'canary', fails: FOR_EVER }, { key: 'canary' });
    await until(() => server.counters.deadLettered === 1);
    await readLetters();
    await until(() => letters.length === 1);
    const [letter] = letters;
    expect(letter?.key).toBeNull();
    expect(`${JSON.stringify(headersOf(letter))}${String(letter?.value)}`).not.toMatch(/canary|thrown/);
    expect(headersOf(letter)).toMatchObject({
      'dead-letter-status': 'UNAVAILABLE',
      'dead-letter-attempts': '2',
    });
    const open = new KafkaRpcDeadLetters({ service: 'sum', driver: cluster.driver, ...stages });
    cluster.onClose(() => open.close());
    expect((await all(open.list()))[0]?.event).toMatchObject({
      pattern: 'thrown',
      data: { name: 'canary' },
      lastError: { message: 'not yet: canary' },
    });
    const shut = new KafkaRpcDeadLetters({ service: 'sum', driver: cluster.driver });
    cluster.onClose(() => shut.close());
    expect(await all(shut.list())).toMatchObject([{ reason: 'failed', event: undefined }]);
    expect(await shut.redrive()).toEqual({
      matched: 1,
      redriven: 0,
      skipped: { refused: 0, unreadable: 1, unwritten: 0 },
    });
  });

  it('is not lost while its letter cannot be written: it stays unfinished, and the next server has it', async () => {
    const first = await serve({ gracePeriodMs: 100 });
    const denied = new RpcError(RpcStatus.PERMISSION_DENIED, 'no right to write there');
    cluster.driver.playProduce(({ topic }) => (topic === LETTERS ? { refusal: denied } : undefined));
    cluster.client().emit('thrown', { name: 'a', fails: FOR_EVER, status: 'NOT_FOUND' });
    await until(() => events.runs.length === 1);
    await first.close();
    expect(first.counters.deadLettered).toBe(0);
    cluster.driver.playProduce();
    const second = await serve();
    await until(() => second.counters.deadLettered === 1);
    await readLetters();
    await until(() => letters.length === 1);
  });

  it('holds up no other while its letter cannot be written', async () => {
    const server = await serve({ concurrency: 1, partitions: 1 });
    const denied = new RpcError(RpcStatus.PERMISSION_DENIED, 'no right to write there');
    cluster.driver.playProduce(({ topic }) => (topic === LETTERS ? { refusal: denied } : undefined));
    const client = cluster.client();
    client.emit('thrown', { name: 'a', fails: FOR_EVER, status: 'NOT_FOUND' });
    client.emit('thrown', { name: 'b' });
    await until(() => events.of('b').length === 1);
    expect(server.counters.deadLettered).toBe(0);
    cluster.driver.playProduce();
    await until(() => server.counters.deadLettered === 1);
  });

  describe('and its hook', () => {
    const heard: FailedEvent[] = [];

    beforeEach(() => void heard.splice(0));

    it('is told of it, with its data, behind its letter and before it is finished', async () => {
      let finish = (): void => undefined;
      const server = await serve({
        onDeadLetter: (event) => {
          heard.push(event);
          return new Promise<void>((resolve) => (finish = resolve));
        },
      });
      cluster.client().emit('thrown', { name: 'a', fails: FOR_EVER }, { headers: { h: '1' } });
      await until(() => heard.length === 1);
      expect(server.counters.deadLettered).toBe(1);
      expect(heard[0]).toMatchObject({
        reason: 'failed',
        pattern: 'thrown',
        status: 'UNAVAILABLE',
        attempts: 2,
        data: { name: 'a' },
        headers: { h: '1' },
        origin: { topic: 'rpc.sum.requests', offset: 0n },
        callId: events.contexts[0]?.getCallId(),
        redriven: 0,
      });
      const closed = server.close();
      await turns();
      finish();
      await closed;
      await serve();
      await turns(200);
      expect(events.runs).toHaveLength(2);
    });

    it('is told of it where no letter is written', async () => {
      const server = await serve({ deadLetter: {}, onDeadLetter: (event) => heard.push(event) });
      cluster.client().emit('thrown', { name: 'a', fails: FOR_EVER });
      await until(() => heard.length === 1);
      expect(server.counters.deadLettered).toBe(0);
    });

    it.each([
      [
        'throws',
        (): never => {
          throw new Error('no');
        },
      ],
      ['rejects', (): Promise<never> => Promise.reject(new Error('no'))],
    ])('harms nothing when it %s: that is reported', async (_name, onDeadLetter) => {
      const server = await serve({ onDeadLetter });
      cluster.client().emit('thrown', { name: 'a', fails: FOR_EVER });
      await until(() => server.counters.userCodeErrors === 1);
      await server.close();
      const next = await serve();
      cluster.client().emit('thrown', { name: 'b' });
      await until(() => events.of('b').length === 1);
      expect(events.of('a')).toHaveLength(2);
      expect(next.counters.deadLettered).toBe(0);
    });
  });
});

const all = async (letters: AsyncIterable<DeadLetter>): Promise<DeadLetter[]> => {
  const found: DeadLetter[] = [];
  for await (const letter of letters) found.push(letter);
  return found;
};
