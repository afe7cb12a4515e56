import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  ConnectOptions,
  DriverConnection,
  DriverEvent,
  GroupHandler,
} from '../../../../lib/driver/driver.js';
import { memoryDriver, type MemoryDriver } from '../../../../lib/driver/memory/memory-driver.js';
import type { ConsumerRecord, TopicPartition } from '../../../../lib/driver/record.js';
import { RpcError } from '../../../../lib/errors/rpc-error.js';
import { RpcStatus } from '../../../../lib/errors/status.js';

const AT = { topic: 'numbers', partition: 0 };
const GROUP = { groupId: 'readers', topics: [AT.topic], sessionTimeoutMs: 1_000 };

const turns = async (count = 10): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await nextTurn();
};

const silent = (): void => undefined;

const connectOptions = (changes: Partial<ConnectOptions> = {}): ConnectOptions => ({
  clientId: 'unit',
  log: { debug: silent, info: silent, warn: silent, error: silent },
  onEvent: silent,
  ...changes,
});

const connectTo = async (
  driver: MemoryDriver,
  changes: Partial<ConnectOptions> = {},
  partitions = 1,
): Promise<DriverConnection> => {
  const connection = await driver.connect(connectOptions(changes));
  const spec = { topic: AT.topic, partitions, replicationFactor: 1, required: [] };
  await connection.ensureTopics([{ ...spec, config: { 'message.timestamp.type': 'LogAppendTime' } }], {
    create: true,
  });
  return connection;
};

const produce = (connection: DriverConnection, ...texts: string[]) =>
  connection.produce(
    texts.map((text) => ({ ...AT, value: Buffer.from(text) })),
    { acks: -1 },
  );

const handlerOf = (changes: Partial<GroupHandler> = {}): GroupHandler => ({
  onAssigned: silent,
  onRevoking: silent,
  onRetained: silent,
  onRevoked: silent,
  onLost: silent,
  onRecords: silent,
  ...changes,
});

const textsOf = (records: readonly ConsumerRecord[]): string[] => records.map(({ value }) => String(value));

describe('memoryDriver', () => {
  it('never delivers inside produce, and delivers what was produced together as one batch', async () => {
    const connection = await connectTo(memoryDriver());
    const batches: string[][] = [];
    await connection.readPartition({ ...AT, from: 'latest' }, (records) => batches.push(textsOf(records)));

    const produced = [produce(connection, 'a', 'b'), produce(connection, 'c')];
    expect(batches).toEqual([]);
    await Promise.all(produced);
    await turns();

    expect(batches).toEqual([['a', 'b', 'c']]);
  });

  it('delivers under fake timers', async () => {
    jest.useFakeTimers();
    try {
      const connection = await connectTo(memoryDriver());
      const received = new Promise<readonly ConsumerRecord[]>((resolve) => {
        void connection.joinGroup(GROUP, handlerOf({ onRecords: resolve }));
      });
      await produce(connection, 'a');

      expect(textsOf(await received)).toEqual(['a']);
    } finally {
      jest.useRealTimers();
    }
  });

  it('lets timers run while two readers answer each other for ever', async () => {
    const connection = await connectTo(memoryDriver());
    const answer = (): void => void produce(connection, 'again').catch(silent);
    await connection.readPartition({ ...AT, from: 'latest' }, answer);
    answer();

    await new Promise((resolve) => setTimeout(resolve, 5));

    await connection.close();
  });

  it("takes append times from the broker's clock", async () => {
    const connection = await connectTo(memoryDriver({ now: () => 42 }));
    const timestamps: number[] = [];
    await connection.readPartition({ ...AT, from: 'latest' }, (records) =>
      timestamps.push(...records.map(({ timestampMs }) => timestampMs)),
    );

    const ack = await produce(connection, 'a');
    await turns();

    expect(ack.appendTimeMs).toBe(42);
    expect(timestamps).toEqual([42]);
  });

  it('shares nothing with another driver', async () => {
    const [one, other] = [memoryDriver(), memoryDriver()];
    await connectTo(one);
    const elsewhere = await other.connect(connectOptions());

    await expect(elsewhere.partitionCount(AT.topic)).rejects.toMatchObject({
      status: RpcStatus.FAILED_PRECONDITION,
    });
  });

  it('refuses topic names and numbers of partitions that Kafka refuses', async () => {
    const connection = await memoryDriver().connect(connectOptions());
    const spec = { topic: 'ok', partitions: 1, replicationFactor: 1, config: {}, required: [] };

    for (const wrong of [{ topic: 'a b' }, { topic: '..' }, { topic: '' }, { partitions: 0 }]) {
      await expect(connection.ensureTopics([{ ...spec, ...wrong }], { create: true })).rejects.toMatchObject({
        status: RpcStatus.INVALID_ARGUMENT,
      });
    }
  });

  it('appends nothing of a batch that is too large for the broker, or for its topic', async () => {
    const connection = await connectTo(memoryDriver({ maxBatchBytes: 200 }));
    const small = { topic: 'small', partitions: 1, replicationFactor: 1, required: [] };
    await connection.ensureTopics([{ ...small, config: { 'max.message.bytes': '100' } }], { create: true });
    const tooLarge = { status: RpcStatus.RESOURCE_EXHAUSTED, retryable: false };

    const large = [
      { ...AT, value: Buffer.from('small') },
      { ...AT, value: Buffer.alloc(200) },
    ];
    await expect(connection.produce(large, { acks: -1 })).rejects.toMatchObject(tooLarge);
    const other = { topic: 'small', partition: 0, value: Buffer.alloc(100) };
    await expect(connection.produce([other], { acks: -1 })).rejects.toMatchObject(tooLarge);
    expect((await produce(connection, 'next')).baseOffset).toBe(0n);
  });

  it('refuses to produce to a topic or a partition that is not there', async () => {
    const connection = await connectTo(memoryDriver());

    for (const wrong of [{ topic: 'missing' }, { partition: 1 }]) {
      const records = [{ ...AT, ...wrong, value: null }];
      await expect(connection.produce(records, { acks: -1 })).rejects.toMatchObject({
        status: RpcStatus.FAILED_PRECONDITION,
      });
    }
  });

  it('goes on with a reader and a member whose handler throws', async () => {
    const errors: string[] = [];
    const log = { debug: silent, info: silent, warn: silent, error: (line: string) => errors.push(line) };
    const connection = await connectTo(memoryDriver(), { log });
    const seen: string[] = [];
    const onRecords = (records: readonly ConsumerRecord[]): void => {
      seen.push(...textsOf(records));
      throw new Error('careless');
    };
    await connection.readPartition({ ...AT, from: 'latest' }, onRecords);
    await connection.joinGroup(GROUP, handlerOf({ onRecords }));

    for (const text of ['a', 'b']) {
      await produce(connection, text);
      await turns();
    }

    expect(seen).toEqual(['a', 'a', 'b', 'b']);
    expect(errors).toHaveLength(4);
    expect(errors[0]).toContain('careless');
  });
});

describe('playProduce of a memoryDriver', () => {
  it('refuses the batches that the test wants refused, and no others', async () => {
    const driver = memoryDriver();
    const connection = await connectTo(driver, {}, 2);
    const refusal = new RpcError('PERMISSION_DENIED', 'not you');
    driver.playProduce(({ partition }) => (partition === 0 ? { refusal } : undefined));

    await expect(produce(connection, 'a')).rejects.toBe(refusal);
    const other = [{ ...AT, partition: 1, value: null }];
    expect((await connection.produce(other, { acks: -1 })).baseOffset).toBe(0n);
    driver.playProduce();
    expect((await produce(connection, 'b')).baseOffset).toBe(0n);
  });

  it('appends a batch whose answer is lost', async () => {
    const driver = memoryDriver();
    const connection = await connectTo(driver);
    driver.playProduce(() => ({ lostAnswer: new RpcError('UNAVAILABLE', 'who knows') }));

    await expect(produce(connection, 'a')).rejects.toMatchObject({ message: 'who knows' });
    driver.playProduce();
    expect((await produce(connection, 'b')).baseOffset).toBe(1n);
  });

  it('has what is behind a slow batch wait, in its partition alone, and says why', async () => {
    const driver = memoryDriver();
    const connection = await connectTo(driver, {}, 2);
    const delayedBy = new RpcError('UNAVAILABLE', 'no leader');
    driver.playProduce(({ records }) =>
      String(records[0]?.value) === 'slow' ? { takesMs: 20, delayedBy } : undefined,
    );
    const done: string[] = [];
    const reasons: RpcError[] = [];
    const begin = async (text: string, partition = 0): Promise<void> => {
      const onDelayed = (reason: RpcError): void => void reasons.push(reason);
      await connection.produce([{ ...AT, partition, value: Buffer.from(text) }], { acks: -1, onDelayed });
      done.push(text);
    };

    await Promise.all([begin('slow'), begin('behind'), begin('beside', 1)]);

    expect(done).toEqual(['beside', 'slow', 'behind']);
    expect(reasons).toEqual([delayedBy]);
  });
});

describe('memoryDriver with a short retention', () => {
  it('has a reader that was overtaken go on at the start of the log, and says so', async () => {
    const events: DriverEvent[] = [];
    const connection = await connectTo(memoryDriver({ retentionRecords: 3 }), {
      onEvent: (event) => events.push(event),
    });
    const seen: string[] = [];
    await connection.readPartition({ ...AT, from: 'latest' }, (records) => seen.push(...textsOf(records)));

    await produce(connection, 'a', 'b', 'c', 'd', 'e');
    await turns();

    expect(seen).toEqual(['c', 'd', 'e']);
    expect(events).toContainEqual({ type: 'position-lost', ...AT, from: 0n, to: 2n, reason: 'retention' });
  });

  it('starts a member whose commit was dropped at the start of the log, and says so', async () => {
    const events: DriverEvent[] = [];
    const connection = await connectTo(memoryDriver({ retentionRecords: 3 }), {
      onEvent: (event) => events.push(event),
    });
    const before = await connection.joinGroup(GROUP, handlerOf());
    await before.commit([{ ...AT, offset: 1n, metadata: 'm' }]);
    await before.close();
    await produce(connection, 'a', 'b', 'c', 'd', 'e');

    const onAssigned = jest.fn();
    await connection.joinGroup(GROUP, handlerOf({ onAssigned }));

    expect(onAssigned).toHaveBeenCalledWith([{ ...AT, position: 2n, metadata: 'm' }]);
    expect(events).toContainEqual({ type: 'position-lost', ...AT, from: 1n, to: 2n, reason: 'retention' });
  });
});

describe('killMember of a memoryDriver', () => {
  it('takes all from a member, lets it rejoin by itself, and reads on from the commit', async () => {
    const driver = memoryDriver();
    const connection = await connectTo(driver);
    const told: string[] = [];
    const member = await connection.joinGroup(
      GROUP,
      handlerOf({
        onAssigned: ([at]) => told.push(`assigned at ${at?.position}`),
        onLost: () => told.push('revoked'),
        onRecords: (records) => told.push(...textsOf(records)),
      }),
    );
    await produce(connection, 'a', 'b');
    await turns();
    await member.commit([{ ...AT, offset: 1n }]);

    driver.killMember(GROUP.groupId, 0);
    const lateCommit = member.commit([{ ...AT, offset: 2n }]);
    await expect(lateCommit).rejects.toMatchObject({ status: RpcStatus.ABORTED });
    await turns();

    expect(told).toEqual(['assigned at 0', 'a', 'b', 'revoked', 'assigned at 1', 'b']);
    expect(member.assignment).toEqual([AT]);
  });

  it('refuses a member that is not there', () => {
    expect(() => memoryDriver().killMember('nobody', 0)).toThrow(/No member 0/);
  });
});

describe('a group of a memoryDriver', () => {
  it('waits no longer than a moment for a member that does not end its last commit', async () => {
    const connection = await connectTo(memoryDriver(), {}, 2);
    const revoked: TopicPartition[] = [];
    const stuck = handlerOf({
      onRevoking: () => new Promise<void>(silent),
      onRevoked: (partitions) => void revoked.push(...partitions),
    });
    await connection.joinGroup(GROUP, stuck);

    const second = await connection.joinGroup(GROUP, handlerOf());

    expect(second.assignment).toEqual(revoked);
    expect(revoked).toHaveLength(1);
  });

  it('ends a rebalance that was under way when the broker stopped', async () => {
    const driver = memoryDriver();
    const connection = await connectTo(driver, {}, 2);
    const onRevoking = jest.fn(() => driver.stopBroker());
    const first = await connection.joinGroup(GROUP, handlerOf({ onRevoking }));

    const joining = connection.joinGroup(GROUP, handlerOf());
    await turns();
    expect(onRevoking).toHaveBeenCalledTimes(1);
    expect(first.assignment).toHaveLength(2);
    onRevoking.mockImplementation(silent);
    driver.startBroker();

    expect((await joining).assignment).toHaveLength(1);
    expect(first.assignment).toHaveLength(1);
  });

  it('shares the rest out when a member left during an outage', async () => {
    const driver = memoryDriver();
    const [first, second] = [await connectTo(driver, {}, 2), await connectTo(driver, {}, 2)];
    const staying = await first.joinGroup(GROUP, handlerOf());
    await second.joinGroup(GROUP, handlerOf());

    driver.stopBroker();
    await second.close();
    await turns();
    expect(staying.assignment).toHaveLength(1);
    driver.startBroker();
    await turns();

    expect(staying.assignment).toHaveLength(2);
  });

  it('refuses metadata that a broker would refuse', async () => {
    const connection = await connectTo(memoryDriver());
    const member = await connection.joinGroup(GROUP, handlerOf());

    const commit = member.commit([{ ...AT, offset: 0n, metadata: 'm'.repeat(4_097) }]);

    await expect(commit).rejects.toMatchObject({ status: RpcStatus.RESOURCE_EXHAUSTED });
  });

  it('refuses to join for a topic that is not there', async () => {
    const connection = await connectTo(memoryDriver());

    await expect(connection.joinGroup({ ...GROUP, topics: ['missing'] }, handlerOf())).rejects.toMatchObject({
      status: RpcStatus.FAILED_PRECONDITION,
    });
  });
});
