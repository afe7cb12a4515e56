import { setTimeout as sleep } from 'node:timers/promises';
import { msgpack } from 'nestjs-kafka-rpc';
import { allAnswered } from '../../support/call-load.js';
import { ExecutionJournal } from '../../support/execution-journal.js';
import { faultSeed, isLongTier } from '../../support/fault-tier.js';
import { Fleet } from '../../support/fleet.js';
import { LeaderMover } from '../../support/leader-mover.js';
import { LiveCluster } from '../../support/live-cluster.js';
import { readLog, repeated, type LoggedMessage } from '../../support/record-log.js';
import { seededRandom } from '../../support/seeded-random.js';

jest.setTimeout(420_000);

const LASTS_MS = isLongTier ? 180_000 : 15_000;
const CALLS_PER_SECOND = 500;
const LEADERS_MOVE_EVERY_MS = 5_000;
const REPLIES = 'rpc.replies';

describe(`answers to Produce lost 1 in 20, connections reset once a second, leaders moved every 5 s, seed ${faultSeed}`, () => {
  const journal = new ExecutionJournal();
  let cluster: LiveCluster;
  let fleet: Fleet;
  let requests: string;

  beforeAll(async () => {
    cluster = await LiveCluster.start({ nodes: 3, proxied: true });
    fleet = await Fleet.start(cluster, {
      servers: 2,
      callers: 4,
      callsPerSecond: CALLS_PER_SECOND,
      load: { timeoutMs: 30_000, keys: 16 },
      serverSettings: { journal: journal.file },
    });
    requests = `rpc.${fleet.service}.requests`;
    await disturbed();
  });
  afterAll(async () => {
    await cluster?.close();
    journal.close();
  });

  let report: Awaited<ReturnType<Fleet['during']>>;
  let lost = 0;
  let moved = 0;

  const disturbed = async (): Promise<void> => {
    const mover = await LeaderMover.open(cluster.kafka.direct);
    const { network } = cluster;
    report = await fleet.during(async () => {
      const random = seededRandom(faultSeed);
      const rule = network.loseOneIn(20, { api: 'Produce', way: 'answer', fate: 'cut', random });
      network.resetEvery(1_000);
      for (let spentMs = 0; spentMs < LASTS_MS; spentMs += LEADERS_MOVE_EVERY_MS) {
        await sleep(LEADERS_MOVE_EVERY_MS);
        await mover.move([requests, REPLIES]);
      }
      lost = rule.done;
      network.calm();
    });
    ({ moved } = mover);
    await mover.close();
    process.stderr.write(
      `${report.sent} calls, the slowest ${report.slowestMs} ms; ${lost} answers lost, ${network.resets} resets, ${moved} moves\n`,
    );
  };

  it('happened', () => {
    const moves = LASTS_MS / LEADERS_MOVE_EVERY_MS;
    expect(lost).toBeGreaterThan(moves);
    expect(cluster.network.resets).toBeGreaterThan(LASTS_MS / 1_000);
    expect(moved).toBeGreaterThan(moves * 20);
  });

  it('cost no call its answer', () => {
    expect(report).toMatchObject(allAnswered(report.sent));
  });

  it('left each request in the log once, and those of a key in order', async () => {
    const log = (await readLog(cluster.kafka.direct, requests)).filter(
      ({ message }) => message.kind === 'request',
    );
    const names = log.map(nameOf);
    expect(some(repeated(names))).toEqual([]);
    expect(names).toHaveLength(report.sent);
    expect(some(outOfOrder(log.map(({ message }) => callOf(message as { payload: Buffer }))))).toEqual([]);
  });

  it('left each reply in the log once', async () => {
    const log = await readLog(cluster.kafka.direct, REPLIES);
    expect(some(repeated(log.map(nameOf)))).toEqual([]);
    const answered = log.map(({ envelope, message }) => `${recipientOf(envelope)} ${message.seq}`);
    expect(new Set(answered).size).toBe(report.sent);
  });

  it('ran the calls of a key in order', () => {
    const calls = journal.executions.map(({ data }) => data as KeyedCall);
    expect(new Set(calls.map(({ key, number }) => `${key} ${number}`)).size).toBe(report.sent);
    expect(some(outOfOrder(firstOfEach(calls)))).toEqual([]);
  });
});

/** Enough to see what is wrong, of what may be hundreds. */
const some = (wrong: readonly string[]): string[] =>
  wrong.length <= 5 ? [...wrong] : [...wrong.slice(0, 5), `and ${wrong.length - 5} more`];

interface KeyedCall {
  readonly key: string;
  readonly number: number;
}

const callOf = ({ payload }: { readonly payload: Buffer }): KeyedCall =>
  msgpack().deserialize(payload) as KeyedCall;

/** What may stand in a topic once: a message of one sender to one recipient, and of one execution. */
const nameOf = ({ envelope, message }: LoggedMessage): string => {
  const { run, index } = message as { run?: number; index?: number };
  const names = [
    envelope.sender.toString('hex'),
    recipientOf(envelope),
    message.kind,
    message.seq,
    run,
    index,
  ];
  return names.join(' ');
};

const recipientOf = (envelope: LoggedMessage['envelope']): string =>
  envelope.direction === 'request' ? '' : envelope.recipient.toString('hex');

const firstOfEach = (calls: readonly KeyedCall[]): KeyedCall[] => {
  const seen = new Set<string>();
  return calls.filter(({ key, number }) => {
    const name = `${key} ${number}`;
    return seen.has(name) ? false : seen.add(name);
  });
};

/** The calls that stand behind a later one of their key. */
const outOfOrder = (calls: readonly KeyedCall[]): string[] => {
  const last = new Map<string, number>();
  return calls.flatMap(({ key, number }) => {
    const before = last.get(key) ?? 0;
    last.set(key, Math.max(before, number));
    return number > before ? [] : [`${key}: ${number} behind ${before}`];
  });
};
