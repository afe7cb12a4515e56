import { decodeFinishedMap } from '../../../../lib/server/commits/finished-map-decoder.js';
import { encodeFinishedMap } from '../../../../lib/server/commits/finished-map-encoder.js';
import { OffsetTracker, type FormerPartition } from '../../../../lib/server/commits/offset-tracker.js';
import type { Pledge } from '../../../../lib/server/commits/pledges.js';
import type { TrackedRecord } from '../../../../lib/server/commits/tracked-record.js';
import { seededRandom, type SeededRandom } from '../../../support/seeded-random.js';

const SCHEDULES = 10_000;
const STEPS = 45;
const SERVERS = 3;
const PLACE = { topic: 'rpc.mail.requests', partition: 0 };

interface Call {
  readonly name: string;
  /** Whether it must not run twice. */
  readonly isOnce: boolean;
  starts: number;
  /** A commit that the broker took may have named it. */
  mayBeLost: boolean;
}

interface InHand {
  readonly tracked: TrackedRecord;
  readonly calls: readonly Call[];
  readonly open: Set<number>;
  readonly pledges: Map<number, Pledge>;
}

class PlayedServer {
  tracker: OffsetTracker | undefined;
  former: FormerPartition | undefined;
  opened: InHand[] = [];
}

/** One partition, and servers that take turns to own it, crash and commit with answers that are lost. */
class World {
  private readonly servers = Array.from({ length: SERVERS }, () => new PlayedServer());
  private readonly log: (readonly Call[])[] = [];
  private commit = { offset: 0n, metadata: '' };
  private owner: PlayedServer | undefined;
  private position = 0;

  constructor(
    private readonly random: SeededRandom,
    private readonly room: number,
  ) {}

  get once(): readonly Call[] {
    return this.log.flat().filter(({ isOnce }) => isOnce);
  }

  step(): void {
    const action = this.random.integer(100);
    if (action < 20) this.append();
    else if (this.owner === undefined) this.assign();
    else if (action < 45) this.read(this.owner);
    else if (action < 60) this.finishSome(this.owner);
    else if (action < 88) this.commitNow(this.owner.tracker!, this.random.integer(8));
    else if (action < 94) this.lose(this.owner, true);
    else if (action < 97) this.lose(this.owner, false);
    else this.crash(this.owner);
  }

  /** All comes to an end. */
  drain(): void {
    if (this.owner === undefined) this.assign();
    const owner = this.owner!;
    while (this.position < this.log.length) this.read(owner);
    for (let rounds = 0; this.commit.offset < BigInt(this.log.length); rounds++) {
      if (rounds > 1_000) throw new Error(`The commit stays at ${this.commit.offset}.`);
      this.finishSome(owner, Infinity);
      this.commitNow(owner.tracker!, Infinity);
    }
    for (const { name, starts, mayBeLost } of this.log.flat())
      if (starts === 0 && !mayBeLost) throw new Error(`${name} never ran, and nothing was lost.`);
  }

  private append(): void {
    const size = 1 + this.random.integer(this.random.integer(3) === 0 ? 10 : 2);
    const name = this.log.length;
    this.log.push(
      Array.from({ length: size }, (_, index) => ({
        name: `${name}#${index}`,
        isOnce: this.random.integer(3) === 0,
        starts: 0,
        mayBeLost: false,
      })),
    );
  }

  private assign(): void {
    const server = this.random.pick(this.servers);
    const { offset, metadata } = this.commit;
    const { map } = decodeFinishedMap(metadata, { ...PLACE, offset });
    server.tracker = new OffsetTracker(offset, { committed: map, metadata, former: server.former });
    server.former = undefined;
    this.owner = server;
    this.position = Number(offset);
  }

  private read(server: PlayedServer): void {
    const calls = this.log[this.position];
    if (calls === undefined) return;
    const tracked = server.tracker!.add(BigInt(this.position), this.position);
    this.position += 1;
    if (tracked === undefined || tracked.isFinished) return;
    tracked.open(calls.length);
    const inHand = { tracked, calls, open: new Set(calls.keys()), pledges: new Map<number, Pledge>() };
    server.opened.push(inHand);
    calls.forEach((call, index) => {
      if (tracked.wasRun(index)) this.end(inHand, index);
      else if (call.isOnce) this.pledge(server, inHand, index);
      else call.starts += 1;
    });
  }

  private pledge(server: PlayedServer, inHand: InHand, index: number): void {
    const call = inHand.calls[index]!;
    const pledge: Pledge = {
      record: inHand.tracked,
      index,
      told: (outcome) => {
        inHand.pledges.delete(index);
        if (outcome !== 'kept') return;
        call.starts += 1;
        if (call.starts > 1) throw new Error(`${call.name} was started twice.`);
        this.end(inHand, index);
      },
    };
    inHand.pledges.set(index, pledge);
    server.tracker!.pledge(pledge);
  }

  private end({ tracked, open }: InHand, index: number): void {
    open.delete(index);
    tracked.mark(index);
    tracked.tracker.marked();
    if (open.size === 0) tracked.tracker.finish(tracked);
  }

  private finishSome(server: PlayedServer, count = 5): void {
    let left = count;
    for (const inHand of server.opened) {
      for (const index of [...inHand.open]) {
        if (left === 0) return;
        if (inHand.pledges.has(index)) continue;
        left -= 1;
        // One for which there was no room asks again.
        if (inHand.calls[index]!.isOnce) this.pledge(server, inHand, index);
        else this.end(inHand, index);
      }
    }
  }

  /** @param fate 0: the broker does not get it; 1: it does, and its answer is lost */
  private commitNow(tracker: OffsetTracker, fate: number): void {
    const progress = tracker.progress();
    if (progress === undefined || fate === 0) return;
    const { offset, map } = progress;
    const { metadata, coveredTo } = encodeFinishedMap(map, { ...PLACE, offset }, this.room);
    this.commit = { offset, metadata: map.isEmpty ? '' : metadata };
    for (const { pledges, calls } of this.owner!.opened)
      for (const index of pledges.keys()) calls[index]!.mayBeLost ||= fate === 1;
    if (fate !== 1) tracker.onCommitted(progress, metadata, { coveredTo, hasRoom: true });
  }

  private lose(server: PlayedServer, isClean: boolean): void {
    if (isClean) this.commitNow(server.tracker!, this.random.integer(8));
    server.former = server.tracker!.leave();
    for (const { pledges } of server.opened)
      for (const pledge of pledges.values()) server.tracker!.withdraw(pledge);
    server.opened = [];
    server.tracker = undefined;
    this.owner = undefined;
  }

  private crash(server: PlayedServer): void {
    this.servers[this.servers.indexOf(server)] = new PlayedServer();
    this.owner = undefined;
  }
}

describe('calls that are committed before they start', () => {
  it('start once at most, and are lost by a lost answer to a commit alone, in 10,000 random schedules', () => {
    let [started, lost, ran] = [0, 0, 0];
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const random = seededRandom(seed);
      const world = new World(random, random.pick([64, 128, 4_096]));
      try {
        for (let step = 0; step < STEPS; step++) world.step();
        world.drain();
      } catch (error) {
        throw new Error(`Seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
      ran += world.once.length;
      started += world.once.filter(({ starts }) => starts === 1).length;
      lost += world.once.filter(({ starts }) => starts === 0).length;
    }
    expect(started + lost).toBe(ran);
    // The schedules reach what they are about.
    expect(started).toBeGreaterThan(SCHEDULES);
    expect(lost).toBeGreaterThan(SCHEDULES / 100);
    expect(lost).toBeLessThan(started / 10);
  });
});
