import {
  KafkaRpcDeadLetters,
  RpcError,
  RpcStatus,
  type DeadLetter,
  type KafkaRpcServer,
} from 'nestjs-kafka-rpc';
import { FailingEvents } from '../../support/failing-events.js';
import { connectRaw } from '../../support/raw-records.js';
import { RpcCluster, type ServeOptions } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const FOR_EVER = 1_000_000;
const FAILED = { retry: { attempts: 2, backoffMs: 5 }, deadLetter: { failed: true }, partitions: 2 };

const all = async (letters: AsyncIterable<DeadLetter>): Promise<DeadLetter[]> => {
  const found: DeadLetter[] = [];
  for await (const letter of letters) found.push(letter);
  return found;
};

describe('KafkaRpcDeadLetters', () => {
  let cluster: RpcCluster;
  let events: FailingEvents;
  let letters: KafkaRpcDeadLetters;

  beforeEach(() => {
    cluster = new RpcCluster();
    events = new FailingEvents();
    letters = new KafkaRpcDeadLetters({ service: 'sum', driver: cluster.driver });
    cluster.onClose(() => letters.close());
  });

  afterEach(() => cluster.close());

  const serve = async (options: ServeOptions = {}): Promise<KafkaRpcServer> => {
    const { server } = await cluster.serve({ controllers: [events.controller()] }, { ...FAILED, ...options });
    return server;
  };

  const fail = async (server: KafkaRpcServer, ...names: string[]): Promise<void> => {
    const client = cluster.client();
    const before = server.counters.deadLettered;
    for (const name of names) client.emit('thrown', { name, fails: 2 });
    client.emit('rejected', { name: 'other', fails: 2 });
    await until(() => server.counters.deadLettered === before + names.length + 1);
  };

  it('lists those that its filter selects', async () => {
    const server = await serve();
    const fromMs = Date.now();
    await fail(server, 'a', 'b');
    const found = await all(letters.list());
    expect(found.map(({ event }) => (event?.data as { name: string }).name).sort()).toEqual([
      'a',
      'b',
      'other',
    ]);
    expect(new Set(found.map(({ id }) => id)).size).toBe(3);
    expect(await all(letters.list({ pattern: 'thrown' }))).toHaveLength(2);
    expect(await all(letters.list({ pattern: 'thrown', limit: 1 }))).toHaveLength(1);
    expect(await all(letters.list({ reason: 'failed' }))).toHaveLength(3);
    expect(await all(letters.list({ reason: 'not-ours' }))).toHaveLength(0);
    expect(await all(letters.list({ since: fromMs }))).toHaveLength(3);
    expect(await all(letters.list({ since: new Date(Date.now() + 60_000) }))).toHaveLength(0);
    expect(await all(letters.list({ until: new Date(fromMs) }))).toHaveLength(0);
  });

  it('only counts in a dry run', async () => {
    const server = await serve();
    await fail(server, 'a', 'b');
    const skipped = { refused: 0, unreadable: 0, unwritten: 0 };
    expect(await letters.redrive({ pattern: 'thrown' }, { dryRun: true })).toEqual({
      matched: 2,
      redriven: 2,
      skipped,
    });
    expect(await letters.purge({}, { dryRun: true })).toEqual({
      matched: 3,
      purged: 3,
      skipped: { unwritten: 0 },
    });
    await turns(100);
    expect(events.of('a')).toHaveLength(2);
    expect(await all(letters.list())).toHaveLength(3);
  });

  it('sends events again, once, with their history and their call id', async () => {
    const server = await serve();
    await fail(server, 'a');
    expect(await letters.redrive({ pattern: 'thrown' })).toMatchObject({ matched: 1, redriven: 1 });
    await until(() => events.of('a').length === 3);
    expect(events.of('a')).toEqual(['a#1', 'a#2', 'a#1']);
    const [first] = events.contexts;
    const last = events.contexts.at(-1);
    expect(last?.getCallId()).toBe(first?.getCallId());
    expect(last?.getHistory()).toMatchObject({
      failures: 0,
      redriven: 1,
      lastError: { status: 'UNAVAILABLE', message: 'not yet: a' },
      origin: { topic: 'rpc.sum.requests', partition: first?.getPartition(), offset: first?.getOffset() },
    });
    expect(first?.getHistory()).toBeUndefined();
    expect(await letters.redrive({ pattern: 'thrown' })).toMatchObject({ matched: 0, redriven: 0 });
    expect(await all(letters.list())).toHaveLength(1);
  });

  it('counts how often an event was sent again that fails again', async () => {
    const server = await serve();
    cluster.client().emit('thrown', { name: 'a', fails: FOR_EVER });
    for (let redriven = 0; redriven < 3; redriven++) {
      await until(() => server.counters.deadLettered === redriven + 1);
      expect(await all(letters.list())).toMatchObject([{ event: { redriven, attempts: 2 } }]);
      await letters.redrive();
    }
  });

  it('takes letters off the list, and leaves the others', async () => {
    const server = await serve();
    await fail(server, 'a', 'b');
    expect(await letters.purge({ pattern: 'thrown' })).toEqual({
      matched: 2,
      purged: 2,
      skipped: { unwritten: 0 },
    });
    expect(await all(letters.list())).toMatchObject([{ event: { pattern: 'rejected' } }]);
    const others = new KafkaRpcDeadLetters({ service: 'sum', driver: cluster.driver });
    cluster.onClose(() => others.close());
    expect(await all(others.list())).toHaveLength(1);
    await others.purge();
    expect(await all(letters.list())).toEqual([]);
  });

  it('leaves refused records where they are, and says so', async () => {
    const server = await serve({ deadLetter: { failed: true, refused: true } });
    const raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    await raw.produce([{ topic: 'rpc.sum.requests', partition: 0, value: Buffer.from('garbage') }], {
      acks: -1,
    });
    await until(() => server.counters.deadLetters === 1);
    expect(await all(letters.list())).toMatchObject([
      {
        reason: 'not-ours',
        event: undefined,
        origin: { topic: 'rpc.sum.requests', partition: 0, offset: 0n },
      },
    ]);
    expect(await letters.redrive()).toEqual({
      matched: 1,
      redriven: 0,
      skipped: { refused: 1, unreadable: 0, unwritten: 0 },
    });
    expect(await letters.purge({ reason: 'not-ours' })).toMatchObject({ purged: 1 });
    expect(await all(letters.list())).toEqual([]);
  });

  it('keeps a letter whose event the broker does not take', async () => {
    const server = await serve();
    await fail(server, 'a');
    const denied = new RpcError(RpcStatus.PERMISSION_DENIED, 'no right to write there');
    cluster.driver.playProduce(({ topic }) =>
      topic === 'rpc.sum.requests' ? { refusal: denied } : undefined,
    );
    expect(await letters.redrive({ pattern: 'thrown' })).toMatchObject({
      matched: 1,
      redriven: 0,
      skipped: { unwritten: 1 },
    });
    cluster.driver.playProduce();
    expect(await letters.redrive({ pattern: 'thrown' })).toMatchObject({ redriven: 1 });
  });

  it('reads hundreds page by page, and what retention has dropped is passed over', async () => {
    await cluster.close();
    cluster = new RpcCluster({ retentionRecords: 600 });
    letters = new KafkaRpcDeadLetters({ service: 'sum', driver: cluster.driver });
    cluster.onClose(() => letters.close());
    const server = await serve({ partitions: 1, retry: {} });
    const client = cluster.client();
    for (let i = 0; i < 900; i++) client.emit('thrown', { name: `e${i}`, fails: FOR_EVER });
    await until(() => server.counters.deadLettered === 900);
    const found = await all(letters.list());
    expect(found).toHaveLength(600);
    expect(found[0]?.offset).toBe(300n);
  });

  it('fails when it was closed, or has nothing to read', async () => {
    await expect(all(letters.list())).rejects.toMatchObject({ status: 'FAILED_PRECONDITION' });
    await letters.close();
    await letters.close();
    await expect(letters.redrive()).rejects.toMatchObject({ status: 'UNAVAILABLE' });
  });

  it('refuses filters and options that it does not know', async () => {
    await expect(all(letters.list({ patern: 'x' } as never))).rejects.toThrow('no option "patern"');
    await expect(letters.redrive({}, { dryrun: true } as never)).rejects.toThrow('no option "dryrun"');
    await expect(letters.purge({ limit: 0 })).rejects.toThrow('"limit"');
    expect(() => new KafkaRpcDeadLetters({ service: '', driver: cluster.driver })).toThrow('"service"');
  });
});
