import { Deadlines, Due } from '../../../lib/protocol/deadlines.js';
import { seededRandom } from '../../support/seeded-random.js';

const TICK_MS = 10;

class Task extends Due {
  constructor(readonly name: string) {
    super();
  }
}

const task = (name: string): Task => new Task(name);

describe('Deadlines', () => {
  let told: [name: string, atMs: number][];
  let deadlines: Deadlines<Task>;
  let startMs: number;

  beforeEach(() => {
    jest.useFakeTimers();
    startMs = performance.now();
    told = [];
    deadlines = new Deadlines((item) => told.push([item.name, performance.now() - startMs]));
  });

  afterEach(() => jest.useRealTimers());

  const names = (): string[] => told.map(([name]) => name);

  it('tells each item at its time: never early, at most a tick late', () => {
    const random = seededRandom(1);
    const due = new Map<string, number>();
    for (let i = 0; i < 500; i++) {
      const delayMs = random.next() * 2_000;
      due.set(`${i}`, performance.now() - startMs + delayMs);
      deadlines.add(task(`${i}`), delayMs);
      jest.advanceTimersByTime(random.integer(4));
    }
    jest.advanceTimersByTime(3_000);
    expect(told).toHaveLength(500);
    for (const [name, atMs] of told) {
      expect(atMs).toBeGreaterThanOrEqual(due.get(name)!);
      expect(atMs).toBeLessThanOrEqual(due.get(name)! + TICK_MS + 1);
    }
  });

  describe('of a process that stood still', () => {
    let stoodStillMs: number;

    beforeEach(() => {
      stoodStillMs = 0;
      const now = (): number => performance.now() + stoodStillMs;
      deadlines = new Deadlines((item) => told.push([item.name, performance.now() - startMs]), now, 100);
      for (const name of ['one', 'other']) deadlines.add(task(name), 20);
    });

    it('are told once what came meanwhile could be read', () => {
      const answered = task('answered');
      deadlines.add(answered, 20);
      stoodStillMs = 30_000;
      jest.advanceTimersByTime(100);
      expect(names()).toEqual([]);
      deadlines.remove(answered);
      jest.advanceTimersByTime(100);
      expect(names()).toEqual(['one', 'other']);
    });

    it('are told at their time again afterwards, and after the next time too', () => {
      for (let time = 1; time <= 2; time++) {
        stoodStillMs += 30_000;
        jest.advanceTimersByTime(200);
        told.length = 0;
        deadlines.add(task('next'), 50);
        jest.advanceTimersByTime(50 + TICK_MS);
        expect(names()).toEqual(['next']);
        deadlines.add(task('one more'), 50);
      }
      jest.advanceTimersByTime(200);
      expect(jest.getTimerCount()).toBe(0);
    });

    it('are told at once when they are late by less', () => {
      stoodStillMs = 200;
      jest.advanceTimersByTime(20 + TICK_MS);
      expect(names()).toHaveLength(2);
    });
  });

  it('tells items in the order of their ticks', () => {
    deadlines.add(task('late'), 100);
    deadlines.add(task('early'), 20);
    deadlines.add(task('middle'), 60);
    jest.advanceTimersByTime(200);
    expect(names()).toEqual(['early', 'middle', 'late']);
  });

  it('tells the others of a tick, and those after it, though telling one throws', () => {
    const fragile = new Deadlines<Task>(({ name }) => {
      told.push([name, 0]);
      if (name === 'bad') throw new Error('a bug');
    });
    for (const name of ['first', 'bad', 'third']) fragile.add(task(name), 20);
    fragile.add(task('late'), 100);
    expect(() => jest.advanceTimersByTime(50)).toThrow('a bug');
    jest.advanceTimersByTime(100);
    expect(names()).toEqual(['first', 'bad', 'third', 'late']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('runs one timer for any number of items, and none for none', () => {
    expect(jest.getTimerCount()).toBe(0);
    const items = Array.from({ length: 1_000 }, (_, i) => task(`${i}`));
    items.forEach((item, i) => deadlines.add(item, 1 + i));
    expect(jest.getTimerCount()).toBe(1);
    for (const item of items.slice(1)) deadlines.remove(item);
    expect(jest.getTimerCount()).toBe(1);
    deadlines.remove(items[0]!);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('runs no timer when all were told', () => {
    deadlines.add(task('a'), 10);
    deadlines.add(task('b'), 500);
    jest.advanceTimersByTime(600);
    expect([names(), jest.getTimerCount()]).toEqual([['a', 'b'], 0]);
  });

  it('tells nothing of an item that was removed', () => {
    const [kept, removed] = [task('kept'), task('removed')];
    deadlines.add(kept, 50);
    deadlines.add(removed, 50);
    deadlines.remove(removed);
    deadlines.remove(removed);
    jest.advanceTimersByTime(100);
    expect(names()).toEqual(['kept']);
  });

  it('is not disturbed by the removal of an item that it was never given, or has told', () => {
    const item = task('a');
    deadlines.remove(item);
    deadlines.add(item, 10);
    deadlines.add(task('b'), 500);
    jest.advanceTimersByTime(50);
    deadlines.remove(item);
    jest.advanceTimersByTime(500);
    expect(names()).toEqual(['a', 'b']);
  });

  it('comes forward for an item that is due before all others', () => {
    deadlines.add(task('late'), 1_000);
    deadlines.add(task('early'), 30);
    jest.advanceTimersByTime(45);
    expect(names()).toEqual(['early']);
    jest.advanceTimersByTime(1_000);
    expect(names()).toEqual(['early', 'late']);
  });

  it('takes items while it tells others', () => {
    const again = new Deadlines<Task>((item) => {
      told.push([item.name, performance.now() - startMs]);
      if (item.name === 'first') again.add(task('second'), 30);
    });
    again.add(task('first'), 20);
    jest.advanceTimersByTime(200);
    expect(names()).toEqual(['first', 'second']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('tells an item that is due already soon, but not at once', () => {
    deadlines.add(task('past'), -1_000);
    expect(told).toEqual([]);
    jest.advanceTimersByTime(TICK_MS + 1);
    expect(names()).toEqual(['past']);
  });
});
