import { decodeFinishedMap } from '../../../../lib/server/commits/finished-map-decoder.js';
import { encodeFinishedMap } from '../../../../lib/server/commits/finished-map-encoder.js';
import {
  OffsetTracker,
  type FormerPartition,
  type Progress,
} from '../../../../lib/server/commits/offset-tracker.js';
import type { TrackedRecord } from '../../../../lib/server/commits/tracked-record.js';
import { seededRandom, type SeededRandom } from '../../../support/seeded-random.js';

const SCHEDULES = 10_000;
const STEPS = 45;
const SERVERS = 3;
const PLACE = { topic: 'rpc.sum.requests', partition: 0 };

/** A call as the world sees it, whoever runs it. */
interface Call {
  readonly name: string;
  isFinished: boolean;
  /** It was finished, and a commit that the broker took says so. */
  isRemembered: boolean;
}

interface LogRecord {
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly calls: readonly Call[];
}

interface InHand {
  readonly tracked: TrackedRecord;
  readonly record: LogRecord;
  /** Places of calls that run here. */
  readonly running: Set<number>;
  /** Places of calls that do not need to be waited for any more. */
  readonly done: Set<number>;
}

/** A server process: what it has in hand, and what it left behind of partitions that it lost. */
class PlayedServer {
  tracker: OffsetTracker | undefined;
  former: FormerPartition | undefined;
  waiting: InHand[] = [];
  opened: InHand[] = [];
  /** Of ownerships before: their calls run on. */
  old: InHand[] = [];
  /** By the call: where it is in hand here. */
  readonly runs = new Map<Call, (() => void)[]>();
}

/** One partition, its log and its commit, servers that take turns to own it, and what goes wrong between them. */
class World {
  private readonly servers = Array.from({ length: SERVERS }, () => new PlayedServer());
  private log: LogRecord[] = [];
  private now = 1_000;
  private nextOffset = 0n;
  private commit = { offset: 0n, metadata: '' };
  private owner: PlayedServer | undefined;
  private position = 0;
  repeatsSpared = 0;

  constructor(
    private readonly random: SeededRandom,
    private readonly room: number,
  ) {}

  step(): void {
    const action = this.random.integer(100);
    if (action < 18) this.append();
    else if (this.owner === undefined) this.assign();
    else if (action < 36) this.read(this.owner);
    else if (action < 52) this.openNext(this.owner);
    else if (action < 80) this.finishSome(this.random.pick(this.servers));
    else if (action < 92) this.commitSome(this.owner);
    else if (action < 95) this.revoke(this.owner);
    else if (action < 97) this.lose(this.owner);
    else if (action < 98) this.crash();
    else if (action < 99) this.readAgain(this.owner.tracker!);
    else if (this.random.integer(4) === 0) this.makeAnew();
  }

  /** All is read and finished in the end. */
  drain(): void {
    if (this.owner === undefined) this.assign();
    const owner = this.owner!;
    while (this.position < this.log.length) this.read(owner);
    while (owner.waiting.length > 0) this.openNext(owner);
    for (const server of this.servers) while (this.finishSome(server));
    const progress = owner.tracker!.progress();
    if (progress !== undefined) this.take(owner.tracker!, progress);
    const end = this.log.at(-1)?.offset;
    if (end !== undefined && this.commit.offset < end + 1n)
      throw new Error(`All is finished, and ${this.commit.offset} is committed.`);
  }

  private append(): void {
    this.now += this.random.integer(3);
    this.nextOffset += BigInt(this.random.integer(8) === 0 ? 1 + this.random.integer(3) : 0);
    const size = this.random.integer(3) === 0 ? 1 + this.random.integer(40) : 1 + this.random.integer(2);
    const offset = this.nextOffset++;
    const calls = Array.from({ length: size }, (_, index) => ({
      name: `${offset}#${index}`,
      isFinished: false,
      isRemembered: false,
    }));
    this.log.push({ offset, timestampMs: this.now, calls });
  }

  private assign(): void {
    const server = this.random.pick(this.servers);
    const { offset, metadata } = this.commit;
    const { map, problem } = decodeFinishedMap(metadata, { ...PLACE, offset });
    if (problem !== undefined) throw new Error(problem);
    server.tracker = new OffsetTracker(offset, { committed: map, metadata, former: server.former });
    server.former = undefined;
    this.owner = server;
    this.position = this.log.findIndex((record) => record.offset >= offset);
    if (this.position < 0) this.position = this.log.length;
  }

  private read(server: PlayedServer): void {
    const record = this.log[this.position];
    if (record === undefined) return;
    this.position += 1;
    const tracked = server.tracker!.add(record.offset, record.timestampMs);
    if (tracked === undefined) throw new Error(`${record.offset} was not taken.`);
    if (!tracked.isFinished)
      return void server.waiting.push({ tracked, record, running: new Set(), done: new Set() });
    for (const call of record.calls) this.spare(call);
  }

  private readAgain(tracker: OffsetTracker): void {
    const record = this.log[this.position - 1];
    if (record !== undefined && tracker.add(record.offset, record.timestampMs) !== undefined)
      throw new Error(`${record.offset} was taken twice.`);
  }

  private openNext(server: PlayedServer): void {
    const inHand = server.waiting.shift();
    if (inHand === undefined) return;
    const { tracked, record, running } = inHand;
    tracked.open(record.calls.length);
    server.opened.push(inHand);
    record.calls.forEach((call, index) => {
      if (tracked.wasRun(index)) {
        this.spare(call);
        return this.done(inHand, index);
      }
      const runsHere = server.runs.get(call);
      if (runsHere !== undefined) return void runsHere.push(() => this.done(inHand, index));
      if (call.isRemembered)
        throw new Error(`${call.name} is run again, though a commit says it is finished.`);
      running.add(index);
      server.runs.set(call, [() => this.done(inHand, index)]);
    });
  }

  /** @returns whether there was any. */
  private finishSome(server: PlayedServer): boolean {
    const all = [...server.opened, ...server.old].filter(({ running }) => running.size > 0);
    if (all.length === 0) return false;
    const { record, running } = this.random.pick(all);
    for (let count = 1 + this.random.integer(8); count > 0 && running.size > 0; count--) {
      const index = this.random.pick([...running]);
      const call = record.calls[index]!;
      running.delete(index);
      call.isFinished = true;
      for (const finish of server.runs.get(call) ?? []) finish();
      server.runs.delete(call);
    }
    return true;
  }

  private done({ tracked, record, done }: InHand, index: number): void {
    done.add(index);
    tracked.mark(index);
    tracked.tracker.marked();
    if (done.size === record.calls.length) tracked.tracker.finish(tracked);
  }

  private spare(call: Call): void {
    if (!call.isFinished) throw new Error(`${call.name} is not run, though it was never finished.`);
    this.repeatsSpared += 1;
  }

  private commitSome({ tracker }: PlayedServer): void {
    const progress = tracker!.progress();
    if (progress === undefined) return;
    const fate = this.random.integer(10);
    if (fate === 0) return;
    // Of some, the broker has it and the answer is lost.
    this.take(tracker!, progress, fate !== 1);
  }

  private take(tracker: OffsetTracker, progress: Progress, isTold = true): void {
    const { offset, map } = progress;
    const { metadata, neededLength } = encodeFinishedMap(map, { ...PLACE, offset }, this.room);
    if (metadata.length > this.room)
      throw new Error(`${metadata.length} characters were to fit in ${this.room}.`);
    const unfinished = this.log.find((record) => record.offset < offset && !isOver(record));
    if (offset < this.commit.offset || unfinished !== undefined)
      throw new Error(`${offset} was committed after ${this.commit.offset}, past ${unfinished?.offset}.`);
    this.commit = { offset, metadata: map.isEmpty ? '' : metadata };
    if (isTold) tracker.onCommitted(progress, metadata);
    if (neededLength <= this.room) this.remember(offset);
    else this.forgetAbove();
  }

  /** What the owner has seen finish; what finished elsewhere since is not its to know. */
  private remember(offset: bigint): void {
    const { waiting } = this.owner!;
    const unknown = new Set(waiting.map(({ record }) => record));
    const seen = this.log.slice(0, this.position).filter((record) => !unknown.has(record));
    for (const record of seen)
      for (const call of record.calls)
        call.isRemembered ||= call.isFinished && this.isKnownTo(call, record, offset);
  }

  private isKnownTo(call: Call, record: LogRecord, offset: bigint): boolean {
    if (record.offset < offset) return true;
    const inHand = this.owner!.opened.find((each) => each.record === record);
    return inHand === undefined || inHand.done.has(record.calls.indexOf(call));
  }

  /** A map that had no room for all says what comes first; what it leaves out may run again. */
  private forgetAbove(): void {
    for (const { offset, calls } of this.log)
      if (offset >= this.commit.offset) for (const call of calls) call.isRemembered = false;
  }

  private revoke(server: PlayedServer): void {
    const progress = server.tracker!.progress();
    if (progress !== undefined) this.take(server.tracker!, progress);
    this.lose(server);
  }

  private lose(server: PlayedServer): void {
    for (const { running, record } of server.opened) {
      // What was not started is let go of.
      for (const index of running)
        if (this.random.integer(2) === 0) {
          running.delete(index);
          server.runs.delete(record.calls[index]!);
        }
    }
    server.former = server.tracker!.leave();
    server.old.push(...server.opened);
    server.opened = [];
    server.waiting = [];
    server.tracker = undefined;
    this.owner = undefined;
  }

  private crash(): void {
    const index = this.random.integer(SERVERS);
    if (this.servers[index] === this.owner) this.owner = undefined;
    this.servers[index] = new PlayedServer();
  }

  /** The topic is deleted and made anew while nobody looks; its commit stands, and the new log goes past it. */
  private makeAnew(): void {
    if (this.owner !== undefined) this.crash();
    if (this.owner !== undefined) return;
    this.log = [];
    this.now += 10;
    this.nextOffset = this.commit.offset;
    for (let count = 2 + this.random.integer(6); count > 0; count--) this.append();
  }
}

const isOver = ({ calls }: LogRecord): boolean => calls.every(({ isFinished }) => isFinished);

describe('offsets and what is finished above them', () => {
  it('never pass unfinished work, and no finished call that a commit remembers is run again, in 10,000 random schedules', () => {
    let repeatsSpared = 0;
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const random = seededRandom(seed);
      const world = new World(random, random.pick([64, 256, 4_096]));
      try {
        for (let step = 0; step < STEPS; step++) world.step();
        world.drain();
      } catch (error) {
        throw new Error(`Seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
      repeatsSpared += world.repeatsSpared;
    }
    // The schedules reach what they are about.
    expect(repeatsSpared).toBeGreaterThan(SCHEDULES);
  });
});
