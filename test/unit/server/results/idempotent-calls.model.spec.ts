import { Counters } from '../../../../lib/diagnostics/counters.js';
import type { CompleteMessage, ResultMessage } from '../../../../lib/protocol/message.js';
import { IdempotentCalls } from '../../../../lib/server/results/idempotent-calls.js';
import type { IdempotentRun } from '../../../../lib/server/results/idempotent-run.js';
import { ResultTable } from '../../../../lib/server/results/result-table.js';
import type { NewResult } from '../../../../lib/server/results/result-writer.js';
import type { ReplyTransport } from '../../../../lib/server/reply-transport.js';
import type { Delivery } from '../../../../lib/wire/outgoing-record.js';
import { json } from '../../../../lib/wire/serializers/json.js';
import { incomingCall, request, requestEnvelope } from '../../../support/incoming-calls.js';
import { seededRandom, type SeededRandom } from '../../../support/seeded-random.js';

const SCHEDULES = 10_000;
const STEPS = 60;
const KEYS = ['a', 'b', 'c'];
const PLACE = { topic: 'rpc.sum.requests', partition: 0 };

/** One request of the log, until it has its answer. */
interface Asked {
  readonly seq: number;
  readonly key: string;
  isAnswered: boolean;
}

/** What servers share: requests, results in the order of their log, and what was told to whom. */
class World {
  readonly requests: Asked[] = [];
  readonly results: ResultMessage[] = [];
  readonly runs = new Map<string, number>();
  readonly answers = new Map<string, Set<string>>();
  runCount = 0;
  /** Runs that began though a result stood in the log before their server took over. */
  needless = 0;
}

/** A server that has, or believes to have, the partition. */
class Server {
  readonly calls: IdempotentCalls;
  private readonly queued: IdempotentRun[] = [];
  private readonly running: IdempotentRun[] = [];
  private readonly writes: (() => void)[] = [];
  private readonly replies: { delivery: Delivery; message: CompleteMessage }[] = [];
  private readTo = 0;
  private readonly mark: number;
  private onResult: (message: ResultMessage) => void = () => undefined;
  private readonly asked = new Map<number, Asked>();
  private next = 0;
  private isLoaded = false;

  constructor(private readonly world: World) {
    const counters = new Counters();
    this.mark = world.results.length;
    const clock = { now: () => 1_000 } as unknown as ReplyTransport['clock'];
    const send = (_to: unknown, message: CompleteMessage, delivery: Delivery): void =>
      void this.replies.push({ message, delivery });
    const loading = new Promise<void>(() => undefined);
    this.calls = new IdempotentCalls({
      handlers: { find: () => undefined, commits: { isAnyBefore: false, isBefore: () => false } },
      dispatcher: {
        take: (run) => void this.queued.push(run as IdempotentRun),
        wait: (call, waiting) => {
          call.queue(waiting);
          return true;
        },
        leave: () => undefined,
        nextRun: () => 1,
      },
      transport: {
        outbox: { send } as unknown as ReplyTransport['outbox'],
        codec: { serializer: json(), keepsApart: () => false } as unknown as ReplyTransport['codec'],
        clock,
        counters,
      },
      counters,
      topics: new Map([[PLACE.topic, { topic: 'rpc.sum.results', partitions: 1 }]]),
      table: new ResultTable({ ttlMs: 60_000, maxBytes: 1_000_000 }, counters, () => 1_000),
      writer: { write: (_at, result, done) => void this.writes.push(() => this.append(result, done)) },
      openLog: (_at, onResult) => {
        this.onResult = (message) => onResult(message, requestEnvelope());
        const isLoading = (): boolean => !this.isLoaded;
        return {
          get loading() {
            return isLoading() ? loading : undefined;
          },
          close: () => undefined,
        };
      },
    });
    this.calls.assigned(PLACE);
  }

  step(random: SeededRandom): void {
    const steps = [this.read, this.readResult, this.readResult, this.start, this.end, this.write, this.reply];
    random.pick(steps).call(this, random);
  }

  /** Until there is nothing left to do. */
  settle(random: SeededRandom): void {
    for (let i = 0; i < 300; i++) this.step(random);
  }

  private append(result: NewResult, done: () => void): void {
    this.world.results.push({ ...result, kind: 'result', seq: this.world.results.length + 1 });
    done();
  }

  /** Those that are answered are committed. */
  private read(): void {
    const asked = this.world.requests[this.next];
    if (asked === undefined) return;
    this.next += 1;
    if (asked.isAnswered) return;
    this.asked.set(asked.seq, asked);
    this.calls.take(incomingCall({ message: request({ seq: asked.seq, ttlMs: 0 }) }), asked.key);
  }

  private readResult(): void {
    const message = this.world.results[this.readTo];
    if (message !== undefined) {
      this.readTo += 1;
      this.onResult(message);
    }
    if (this.readTo >= this.mark) this.isLoaded = true;
  }

  private start(random: SeededRandom): void {
    const run = this.queued[random.integer(this.queued.length || 1)];
    if (run === undefined || run.startsAfter() !== undefined) return;
    this.queued.splice(this.queued.indexOf(run), 1);
    if (run.isOver) return;
    run.start({ stop: () => undefined });
    const name = run.operation.name;
    this.world.runs.set(name, (this.world.runs.get(name) ?? 0) + 1);
    const isKnown = ({ keyDigest }: ResultMessage): boolean => keyDigest.equals(run.operation.keyDigest);
    if (this.world.results.slice(0, this.mark).some(isKnown)) this.world.needless += 1;
    this.running.push(run);
  }

  private end(random: SeededRandom): void {
    const run = this.running.splice(random.integer(this.running.length || 1), 1)[0];
    run?.outcome.value(`run ${++this.world.runCount}`);
  }

  private write(random: SeededRandom): void {
    this.writes.splice(random.integer(this.writes.length || 1), 1)[0]?.();
  }

  private reply(random: SeededRandom): void {
    const reply = this.replies.splice(random.integer(this.replies.length || 1), 1)[0];
    if (reply === undefined) return;
    const asked = this.asked.get(reply.message.seq)!;
    asked.isAnswered = true;
    const told = this.world.answers.get(asked.key) ?? new Set();
    this.world.answers.set(asked.key, told.add(String(reply.message.payload)));
    reply.delivery.delivered?.();
  }
}

describe('calls with an idempotency key, in 10,000 random schedules', () => {
  it('have one answer, and run again only where their server lost the partition before their result was written', () => {
    let [answered, takeovers, zombieSteps, ranTwice] = [0, 0, 0, 0];
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const random = seededRandom(seed);
      const world = new World();
      let owner = new Server(world);
      let zombie: Server | undefined;
      let moves = 0;
      for (let step = 0; step < STEPS; step++) {
        const dice = random.integer(20);
        if (dice < 3) {
          world.requests.push({ seq: world.requests.length + 1, key: random.pick(KEYS), isAnswered: false });
        } else if (dice === 3) {
          // A crash, or a server that goes on without knowing.
          zombie = random.pick([owner, undefined]);
          owner = new Server(world);
          moves += 1;
        } else if (dice < 7 && zombie !== undefined) {
          zombie.step(random);
          zombieSteps += 1;
        } else {
          owner.step(random);
        }
      }
      owner.settle(random);
      takeovers += moves;
      for (const told of world.answers.values()) expect([seed, told.size]).toEqual([seed, 1]);
      for (const runs of world.runs.values()) {
        expect(runs).toBeLessThanOrEqual(1 + moves);
        if (runs > 1) ranTwice += 1;
      }
      expect([seed, world.needless]).toEqual([seed, 0]);
      expect([seed, world.requests.filter(({ isAnswered }) => !isAnswered)]).toEqual([seed, []]);
      answered += world.requests.length;
    }
    expect(answered).toBeGreaterThan(SCHEDULES);
    expect(takeovers).toBeGreaterThan(SCHEDULES);
    expect(zombieSteps).toBeGreaterThan(SCHEDULES);
    expect(ranTwice).toBeGreaterThan(100);
  });
});
