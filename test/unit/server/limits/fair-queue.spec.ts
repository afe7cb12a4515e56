import { FairQueue, type Lanes } from '../../../../lib/server/limits/fair-queue.js';
import { LaneGroup } from '../../../../lib/server/limits/lane-group.js';
import { seededRandom } from '../../../support/seeded-random.js';

interface Task {
  readonly group: string;
  readonly owner: string;
  readonly number: number;
}

const task = (name: string, number = 0): Task => ({ group: name[0]!, owner: name[1]!, number });

const lanesOf = (groups: Record<string, LaneGroup<Task>>): Lanes<Task> => ({
  isLimited: true,
  groupOf: ({ group }) => groups[group]!,
  ownerOf: ({ owner }) => owner,
});

const take = (queue: FairQueue<Task>, count: number): string =>
  Array.from({ length: count }, () => {
    const next = queue.shift();
    return next === undefined ? '-' : `${next.group}${next.owner}`;
  }).join(' ');

describe('the queue of what is ready', () => {
  it('gives each owner its turn, however much of one waits', () => {
    const queue = new FairQueue(lanesOf({ a: new LaneGroup<Task>() }));
    for (const name of ['a1', 'a1', 'a1', 'a1', 'a2', 'a3', 'a3']) queue.push(task(name));
    expect(take(queue, 8)).toBe('a1 a2 a3 a1 a3 a1 a1 -');
  });

  it('gives each group its turn, and one with priority more in a row', () => {
    const groups = { a: new LaneGroup<Task>(), b: new LaneGroup<Task>(Infinity, 3) };
    const queue = new FairQueue(lanesOf(groups));
    for (let i = 0; i < 4; i++) queue.push(task('a1'));
    for (let i = 0; i < 7; i++) queue.push(task('b1'));
    expect(take(queue, 11)).toBe('a1 b1 b1 b1 a1 b1 b1 b1 a1 b1 a1');
  });

  it('passes over a group at its limit until something of it ends', () => {
    const groups = { a: new LaneGroup<Task>(1), b: new LaneGroup<Task>() };
    const queue = new FairQueue(lanesOf(groups));
    for (const name of ['a1', 'a1', 'b1', 'b1']) queue.push(task(name));
    const first = queue.shift()!;
    queue.started(first);
    expect(take(queue, 3)).toBe('b1 b1 -');
    expect([queue.length, queue.hasNext]).toEqual([1, false]);
    queue.ended(first);
    expect([queue.hasNext, take(queue, 2)]).toEqual([true, 'a1 -']);
  });

  it('loses nothing, keeps the order of each owner and every limit: 20,000 random steps', () => {
    const random = seededRandom(5);
    const limits: Record<string, number> = { a: 1, b: 3, c: Infinity };
    const groups = Object.fromEntries(
      Object.entries(limits).map(([name, limit]) => [
        name,
        new LaneGroup<Task>(limit, 1 + random.integer(3)),
      ]),
    );
    const queue = new FairQueue(lanesOf(groups));
    const running: Task[] = [];
    const last = new Map<string, number>();
    let [pushed, taken] = [0, 0];
    for (let i = 0; i < 20_000; i++) {
      const step = random.integer(3);
      if (step === 0)
        queue.push({
          group: random.pick(['a', 'b', 'c']),
          owner: random.pick(['1', '2', '3']),
          number: pushed++,
        });
      else if (step === 1) {
        const next = queue.shift();
        if (next === undefined) continue;
        queue.started(next);
        running.push(next);
        taken += 1;
        const lane = next.group + next.owner;
        expect(last.get(lane) ?? -1).toBeLessThan(next.number);
        last.set(lane, next.number);
        const ofGroup = running.filter(({ group }) => group === next.group).length;
        expect(ofGroup).toBeLessThanOrEqual(limits[next.group]!);
      } else if (running.length > 0) queue.ended(running.splice(random.integer(running.length), 1)[0]!);
    }
    for (const one of running) queue.ended(one);
    expect(queue.length).toBe(pushed - taken);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) taken += 1;
    expect([queue.length, taken]).toEqual([0, pushed]);
  });

  it('gives all back, each of an owner in its order', () => {
    const queue = new FairQueue(lanesOf({ a: new LaneGroup<Task>() }));
    for (const [index, name] of ['a1', 'a2', 'a1'].entries()) queue.push(task(name, index));
    queue.shift();
    const all = queue.drain();
    expect(all.map(({ number }) => number).sort()).toEqual([1, 2]);
    expect([queue.length, queue.hasNext]).toEqual([0, false]);
    queue.push(task('a9'));
    expect(take(queue, 2)).toBe('a9 -');
  });
});
