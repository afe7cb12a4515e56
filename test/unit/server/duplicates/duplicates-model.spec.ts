import type { ConsumerRecord, DriverConnection } from 'nestjs-kafka-rpc';
import { decodeFinishedMap } from '../../../../lib/server/commits/finished-map-decoder.js';
import { encodeFinishedMap } from '../../../../lib/server/commits/finished-map-encoder.js';
import { OffsetTracker } from '../../../../lib/server/commits/offset-tracker.js';
import type { IncomingCall } from '../../../../lib/server/incoming-call.js';
import { PartitionShare } from '../../../../lib/server/partition-share.js';
import { RequestRecord } from '../../../../lib/server/request-record.js';
import { request, requestEnvelope } from '../../../support/incoming-calls.js';
import { PlayedIntake, type MemoryKind } from '../../../support/played-intake.js';
import { consumed, speak } from '../../../support/raw-records.js';
import { NO_READING } from '../../../support/request-records.js';
import { seededRandom, type SeededRandom } from '../../../support/seeded-random.js';

jest.setTimeout(240_000);

const SCHEDULES = { window: 10_000, guard: 2_000 } as const;
const STEPS = 60;
const SERVERS = 3;
const SENDERS = [Buffer.alloc(16, 7), Buffer.alloc(16, 8)];
const PLACE = { topic: 'rpc.sum.requests', partition: 0 };
const NOW_MS = 1_000_000;

/** What may be wrong with the servers of a world. */
type Bug =
  'none' | 'past not read' | 'finished not noted' | 'map not read' | 'highest committed' | 'no window';

/** A call as its caller sees it. */
interface Fact {
  readonly name: string;
  isFinished: boolean;
  /** A commit that the broker took says that it is finished. */
  isRemembered: boolean;
  replies: number;
  /** How often its run or its reply was in the hands of a server that lost them: each may be a reply more. */
  losses: number;
}

interface LogRecord {
  readonly record: ConsumerRecord;
  readonly calls: readonly Fact[];
}

/** One partition, its log and its commit, servers that own it in turn, and what goes wrong between them. */
class World {
  private readonly servers: PlayedIntake[];
  private readonly log: LogRecord[] = [];
  private readonly facts = new Map<string, Fact>();
  private readonly lastSeqs = SENDERS.map(() => 0);
  private nextOffset = 0n;
  private commit = { offset: 0n, metadata: '' };
  private owner: PlayedIntake | undefined;
  private position = 0;
  private repeatsOfDead = 0;

  constructor(
    private readonly random: SeededRandom,
    private readonly room: number,
    private readonly kind: MemoryKind,
    private readonly bug: Bug,
  ) {
    this.servers = Array.from({ length: SERVERS }, () => this.newServer());
  }

  get repeats(): number {
    return this.servers.reduce((sum, { repeats }) => sum + repeats, this.repeatsOfDead);
  }

  async step(): Promise<void> {
    const action = this.random.integer(100);
    if (action < 14) this.append();
    else if (action < 24) this.appendAgain();
    else if (this.owner === undefined) this.assign();
    else if (action < 44) this.read(this.owner);
    else if (action < 60) this.start(this.owner);
    else if (action < 80) this.finishSome(this.random.pick(this.servers));
    else if (action < 90) this.commitSome(this.owner);
    else if (action < 94) this.revoke(this.owner);
    else if (action < 96) this.lose(this.owner);
    else if (action < 98) this.crash();
    else this.readAgain(this.owner.share!.tracker);
    for (let turns = this.random.integer(6); turns > 0; turns--) await Promise.resolve();
  }

  /** All is read, run and committed in the end. */
  async drain(): Promise<void> {
    if (this.owner === undefined) this.assign();
    const owner = this.owner!;
    while (this.position < this.log.length) this.read(owner);
    for (let idle = 0; idle < 30; idle++) {
      await Promise.resolve();
      if (this.start(owner)) idle = 0;
      for (const server of this.servers) while (this.finishSome(server)) idle = 0;
    }
    this.commitNow(owner);
    const unfinished = [...this.facts.values()].find(({ isFinished }) => !isFinished);
    if (unfinished !== undefined) throw new Error(`${unfinished.name} was never run.`);
    const end = this.log.at(-1)?.record.offset;
    if (end !== undefined && this.commit.offset < end + 1n)
      throw new Error(`All is finished, and ${this.commit.offset} is committed.`);
  }

  private newServer(): PlayedIntake {
    const kind = this.bug === 'no window' ? 'none' : this.kind;
    return new PlayedIntake(kind, { readPartition: this.readPartition }, NOW_MS);
  }

  private readonly readPartition: DriverConnection['readPartition'] = async ({ from }, onRecords) => {
    let isOpen = true;
    const close = async (): Promise<void> => void (isOpen = false);
    if (typeof from !== 'bigint') return { startOffset: 0n, close };
    const deliver = (): void => {
      const records = this.log.map(({ record }) => record).filter(({ offset }) => offset >= from);
      const half = Math.ceil(records.length / 2);
      if (isOpen) onRecords(records.slice(0, half));
      if (isOpen && half < records.length) onRecords(records.slice(half));
    };
    void Promise.resolve().then(deliver);
    return { startOffset: from, close };
  };

  private append(): void {
    const sender = this.random.integer(SENDERS.length);
    const size = this.random.integer(4) === 0 ? 1 + this.random.integer(20) : 1 + this.random.integer(2);
    const seqs = Array.from({ length: size }, () => (this.lastSeqs[sender]! += 1 + this.random.integer(2)));
    const calls = seqs.map((seq): Fact => {
      const name = `${sender}/${seq}`;
      const fact = { name, isFinished: false, isRemembered: false, replies: 0, losses: 0 };
      this.facts.set(name, fact);
      return fact;
    });
    const envelope = requestEnvelope({ sender: SENDERS[sender] });
    this.add(speak(envelope, ...seqs.map((seq) => request({ seq, sentAtMs: NOW_MS }))), calls);
  }

  /** Byte for byte, as a producer does that did not hear of the first. */
  private appendAgain(): void {
    if (this.log.length === 0) return;
    const { record, calls } = this.random.pick(this.log);
    this.add({ value: record.value!, headers: record.headers as Record<string, Buffer> }, calls);
  }

  private add(bytes: Pick<ConsumerRecord, 'value' | 'headers'>, calls: readonly Fact[]): void {
    this.nextOffset += BigInt(this.random.integer(8) === 0 ? 1 + this.random.integer(3) : 0);
    const offset = this.nextOffset++;
    this.log.push({ record: consumed({ ...PLACE, ...bytes, offset, timestampMs: NOW_MS }), calls });
  }

  private assign(): void {
    const server = this.random.pick(this.servers);
    const { offset, metadata } = this.commit;
    const { map, problem } = decodeFinishedMap(metadata, { ...PLACE, offset });
    if (problem !== undefined) throw new Error(problem);
    const committed = this.bug === 'map not read' ? undefined : map;
    const tracker = new OffsetTracker(offset, { committed, metadata, former: server.former });
    server.former = undefined;
    const share = new PartitionShare(tracker, NO_READING);
    server.share = share;
    if (this.bug !== 'past not read') server.past.begin({ ...PLACE, position: offset, metadata }, share);
    this.owner = server;
    const first = this.log.findIndex(({ record }) => record.offset >= offset);
    this.position = first < 0 ? this.log.length : first;
  }

  /** As a group consumer takes it. */
  private read({ share, gate }: PlayedIntake): void {
    const next = this.log[this.position];
    if (next === undefined || share === undefined) return;
    this.position += 1;
    const { record } = next;
    const tracked = share.tracker.add(record.offset, record.timestampMs);
    if (tracked === undefined) throw new Error(`${record.offset} was not taken.`);
    if (tracked.isFinished && next.calls.some(({ isFinished }) => !isFinished))
      throw new Error(`${record.offset} is taken for finished, and is not.`);
    if (tracked.isFinished && this.bug === 'finished not noted') return;
    gate.take(new RequestRecord(record, share, tracked));
  }

  private readAgain(tracker: OffsetTracker): void {
    const last = this.log[this.position - 1]?.record;
    if (last !== undefined && tracker.add(last.offset, last.timestampMs) !== undefined)
      throw new Error(`${last.offset} was taken twice.`);
  }

  /** @returns whether there was any. */
  private start(server: PlayedIntake): boolean {
    const call = server.queued.shift();
    if (call === undefined || !call.start({ stop: () => undefined })) return call !== undefined;
    const fact = this.factOf(call);
    if (fact.isRemembered) throw new Error(`${fact.name} is run again, though a commit says it is finished.`);
    if (server.finishedHere.has(fact.name))
      throw new Error(`${fact.name} is run again where it has finished.`);
    if ([...server.running].some((other) => this.factOf(other) === fact))
      throw new Error(`${fact.name} runs twice at a time.`);
    server.running.add(call);
    return true;
  }

  /** The broker has the reply. @returns whether there was any. */
  private finishSome(server: PlayedIntake): boolean {
    if (server.running.size === 0) return false;
    for (let count = 1 + this.random.integer(6); count > 0 && server.running.size > 0; count--) {
      const call = this.random.pick([...server.running]);
      const fact = this.factOf(call);
      server.running.delete(call);
      fact.isFinished = true;
      fact.replies += 1;
      if (fact.replies > 1 + fact.losses) throw new Error(`${fact.name} has two replies.`);
      if (call.origin.share === server.share) server.finishedHere.add(fact.name);
      call.finish();
    }
    server.gate.letIn();
    return true;
  }

  private commitSome(server: PlayedIntake): void {
    const fate = this.random.integer(10);
    // Of some, the broker has it and the answer is lost.
    if (fate > 0) this.commitNow(server, fate > 1);
  }

  private commitNow({ share, finishedHere }: PlayedIntake, isTold = true): void {
    const progress = share?.tracker.progress();
    if (share === undefined || progress === undefined) return;
    const { map } = progress;
    const offset =
      this.bug === 'highest committed' ? (this.log[this.position - 1]?.record.offset ?? 0n) : progress.offset;
    const { metadata, neededLength } = encodeFinishedMap(map, { ...PLACE, offset }, this.room);
    const passed = this.log.find(({ record, calls }) => record.offset < offset && !calls.every(isOver));
    if (offset < this.commit.offset || passed !== undefined)
      throw new Error(`${offset} was committed after ${this.commit.offset}, past ${passed?.record.offset}.`);
    this.commit = { offset, metadata: map.isEmpty ? '' : metadata };
    if (isTold) share.tracker.onCommitted(progress, metadata);
    for (const { record, calls } of this.log) {
      const said = record.offset < offset ? 'finished' : map.find(record.offset);
      const isAllSaid = neededLength <= this.room || record.offset < offset;
      calls.forEach((fact, index) => {
        if (said === 'finished' || said?.has(index)) fact.isRemembered = isAllSaid || fact.isRemembered;
      });
    }
    if (neededLength > this.room) return this.forgetAbove();
    for (const name of finishedHere)
      if (!this.facts.get(name)!.isRemembered)
        throw new Error(`${name} has finished, and no commit says so.`);
  }

  /** A map that had no room for all says what comes first; what it leaves out may run again. */
  private forgetAbove(): void {
    for (const fact of this.facts.values()) fact.isRemembered = false;
    for (const { record, calls } of this.log)
      if (record.offset < this.commit.offset) for (const fact of calls) fact.isRemembered = true;
  }

  private revoke(server: PlayedIntake): void {
    this.commitNow(server);
    this.lose(server);
  }

  private lose(server: PlayedIntake): void {
    this.countLosses(server);
    server.leave();
    this.owner = undefined;
  }

  private crash(): void {
    const index = this.random.integer(SERVERS);
    const server = this.servers[index]!;
    if (server === this.owner) {
      this.countLosses(server);
      this.owner = undefined;
    }
    this.repeatsOfDead += server.repeats;
    this.servers[index] = this.newServer();
  }

  /** What runs goes on beside its next run; what was finished and not committed is not known to the next owner. */
  private countLosses(server: PlayedIntake): void {
    for (const call of server.running) this.factOf(call).losses += 1;
    for (const fact of this.facts.values()) if (fact.isFinished && !fact.isRemembered) fact.losses += 1;
  }

  private factOf({ origin, message }: IncomingCall): Fact {
    const sender = SENDERS.findIndex((id) => id.equals(origin.caller.id));
    return this.facts.get(`${sender}/${message.seq}`)!;
  }
}

const isOver = ({ isFinished }: Fact): boolean => isFinished;

/** @returns how many repeats were met. @throws what is wrong, with the seed. */
const play = async (kind: MemoryKind, schedules: number, bug: Bug = 'none'): Promise<number> => {
  let repeats = 0;
  for (let seed = 1; seed <= schedules; seed++) {
    const random = seededRandom(seed);
    const world = new World(random, random.pick([64, 256, 4_096]), kind, bug);
    try {
      for (let step = 0; step < STEPS; step++) await world.step();
      await world.drain();
    } catch (error) {
      throw new Error(`Seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
    repeats += world.repeats;
  }
  return repeats;
};

describe.each(['window', 'guard'] as const)(
  'tracker, map and %s, with calls that stand in the log more than once',
  (kind) => {
    const schedules = SCHEDULES[kind];

    it(`run no call again that they can know of, and lose none, in ${schedules} random schedules`, async () => {
      // The schedules reach what they are about.
      expect(await play(kind, schedules)).toBeGreaterThan(schedules);
    });

    it.each<Bug>(['past not read', 'finished not noted', 'map not read', 'highest committed'])(
      'are seen to fail with a bug: %s',
      async (bug) => {
        await expect(play(kind, 1_000, bug)).rejects.toThrow(/^Seed/);
      },
    );
  },
);

describe('tracker and map without a window', () => {
  it('are seen to fail', async () => {
    await expect(play('window', 1_000, 'no window')).rejects.toThrow(/run again/);
  });
});
