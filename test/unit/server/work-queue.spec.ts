import { WorkQueue, type Work, type WorkQueueOptions } from '../../../lib/server/work-queue.js';
import { seededRandom } from '../../support/seeded-random.js';

interface Task extends Work {
  readonly name: string;
  isOver: boolean;
}

const task = (name: string, orderKey: string | null = null): Task => ({ name, orderKey, isOver: false });

/** A queue whose work the test finishes itself. */
class Bench {
  readonly started: string[] = [];
  readonly done = new Map<string, () => void>();
  readonly queue: WorkQueue<Task>;

  constructor(options: Partial<WorkQueueOptions<Task>> = {}) {
    this.queue = new WorkQueue<Task>({
      concurrency: 2,
      onLess: () => undefined,
      start: (task) => {
        this.started.push(task.name);
        this.done.set(task.name, () => this.queue.done(task));
      },
      ...options,
    });
  }

  push(...tasks: Task[]): void {
    for (const one of tasks) this.queue.push(one);
  }

  finish(name: string): void {
    this.done.get(name)!();
  }
}

describe('WorkQueue', () => {
  it('starts work at once while there is a free place, and the rest in the order pushed', () => {
    const bench = new Bench();
    bench.push(task('a'), task('b'), task('c'), task('d'));
    expect(bench.started).toEqual(['a', 'b']);
    bench.finish('b');
    expect(bench.started).toEqual(['a', 'b', 'c']);
    bench.finish('a');
    expect(bench.started).toEqual(['a', 'b', 'c', 'd']);
    expect([bench.queue.length, bench.queue.runningCount]).toEqual([2, 2]);
  });

  it('runs work with the same key one after the other, and lets others pass it', () => {
    const bench = new Bench({ concurrency: 10 });
    bench.push(task('a1', 'a'), task('a2', 'a'), task('a3', 'a'), task('b1', 'b'), task('free'));
    expect(bench.started).toEqual(['a1', 'b1', 'free']);
    bench.finish('a1');
    bench.finish('a2');
    expect(bench.started).toEqual(['a1', 'b1', 'free', 'a2', 'a3']);
  });

  it('forgets a key when its work is done', () => {
    const bench = new Bench();
    bench.push(task('a1', 'a'));
    bench.finish('a1');
    bench.push(task('a2', 'a'));
    expect(bench.started).toEqual(['a1', 'a2']);
  });

  it('does not count as runnable what waits for its key', () => {
    const bench = new Bench({ concurrency: 1 });
    bench.push(task('a1', 'a'), task('a2', 'a'), task('a3', 'a'), task('b'));
    expect([bench.queue.length, bench.queue.runnable]).toEqual([4, 2]);
    bench.finish('a1');
    expect([bench.queue.length, bench.queue.runnable]).toEqual([3, 2]);
    for (const name of ['b', 'a2', 'a3']) bench.finish(name);
    expect([bench.queue.length, bench.queue.runnable]).toEqual([0, 0]);
  });

  it('tells that less could run also when what was ready had ended while it waited', () => {
    let runnable = Infinity;
    const bench = new Bench({ concurrency: 1, onLess: () => (runnable = bench.queue.runnable) });
    const tasks = Array.from({ length: 20 }, (_, i) => task(`t${i}`));
    bench.push(task('a'), ...tasks);
    for (const one of tasks) {
      one.isOver = true;
      bench.queue.leave();
    }
    bench.finish('a');
    expect(runnable).toBe(0);
  });

  it('starts nothing once it is stopped, and resolves when what runs is done', async () => {
    const bench = new Bench();
    bench.push(task('a'), task('b'), task('c'));
    let isStopped = false;
    const stopping = bench.queue.stop().then(() => (isStopped = true));
    bench.finish('a');
    bench.push(task('d'));
    await Promise.resolve();
    expect(isStopped).toBe(false);
    bench.finish('b');
    await stopping;
    expect(bench.started).toEqual(['a', 'b']);
    expect(bench.queue.length).toBe(2);
  });

  it('starts nothing while it is held, and goes on in order when it is released', () => {
    const bench = new Bench();
    bench.push(task('a'));
    bench.queue.hold();
    bench.push(task('b'), task('c'));
    bench.finish('a');
    expect(bench.started).toEqual(['a']);
    bench.queue.release();
    expect(bench.started).toEqual(['a', 'b', 'c']);
  });

  it('starts what is not held past what is, and what was held first when it is released', () => {
    const bench = new Bench();
    bench.queue.hold((work) => work.name.startsWith('moving'));
    bench.push(task('moving 1'), task('staying'), task('moving 2'));
    expect(bench.started).toEqual(['staying']);
    bench.queue.hold((work) => work.name === 'moving 2');
    expect(bench.started).toEqual(['staying', 'moving 1']);
    bench.finish('staying');
    bench.queue.release();
    expect(bench.started).toEqual(['staying', 'moving 1', 'moving 2']);
  });

  it('stops at once when nothing runs', async () => {
    await new Bench().queue.stop();
  });

  it('keeps to its places and to the order of keys in 300 random schedules', () => {
    const random = seededRandom(3);
    for (let run = 0; run < 300; run++) {
      const concurrency = 1 + random.integer(5);
      const bench = new Bench({ concurrency });
      const names: string[] = [];
      const running = (): string[] => bench.started.filter((name) => bench.done.has(name));
      for (let step = 0; step < 60; step++) {
        if (random.integer(2) === 0) {
          const key = random.pick([null, 'a', 'b']);
          names.push(`${key ?? 'free'}:${step}`);
          bench.push(task(names[names.length - 1]!, key));
        } else if (running().length > 0) {
          const name = random.pick(running());
          const done = bench.done.get(name)!;
          bench.done.delete(name);
          done();
        }
        const atOnce = running();
        const ofSameKey = ['a:', 'b:'].map((key) => atOnce.filter((name) => name.startsWith(key)).length);
        if (atOnce.length > concurrency || ofSameKey.some((count) => count > 1)) {
          throw new Error(`With ${concurrency} places: ${atOnce.join()}`);
        }
      }
      while (running().length > 0) {
        const name = running()[0]!;
        const done = bench.done.get(name)!;
        bench.done.delete(name);
        done();
      }
      expect([...bench.started].sort()).toEqual([...names].sort());
      for (const key of ['a:', 'b:']) {
        const ofKey = (name: string): boolean => name.startsWith(key);
        expect(bench.started.filter(ofKey)).toEqual(names.filter(ofKey));
      }
    }
  });
});
