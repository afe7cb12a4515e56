import { WorkQueue, type Work } from '../../../lib/server/work-queue.js';

class Task implements Work {
  isOver = false;

  constructor(
    readonly name: string,
    readonly orderKey: string | null = null,
  ) {}
}

describe('WorkQueue', () => {
  let started: string[];

  const queueOf = (options: { concurrency: number; maxAbandoned?: number }): WorkQueue<Task> =>
    new WorkQueue<Task>({
      onLess: () => undefined,
      start: (task) => started.push(task.name),
      ...options,
    });

  const leave = (queue: WorkQueue<Task>, task: Task): void => {
    task.isOver = true;
    queue.leave();
  };

  beforeEach(() => (started = []));

  it('does not start what left while it waited, and goes on behind it, also with its key', () => {
    const queue = queueOf({ concurrency: 1 });
    const [first, second, third, fourth] = [
      new Task('first'),
      new Task('second', 'k'),
      new Task('third', 'k'),
      new Task('fourth', 'k'),
    ];
    for (const task of [first, second, third, fourth]) queue.push(task);
    leave(queue, second);
    leave(queue, third);
    expect(queue.length).toBe(2);
    queue.done(first);
    expect([started, queue.length]).toEqual([['first', 'fourth'], 1]);
    queue.done(fourth);
    expect(queue.length).toBe(0);
  });

  it('keeps nothing of the many that left while all places were taken', () => {
    const queue = queueOf({ concurrency: 1 });
    const stuck = new Task('stuck', 'k');
    queue.push(stuck);
    const kept = [new Task('a'), new Task('b', 'k'), new Task('c', 'm'), new Task('d', 'm')];
    for (const task of kept) queue.push(task);
    for (let i = 0; i < 1_000; i++) {
      const task = new Task(`left ${i}`, [null, 'k', 'm', `own ${i}`][i % 4]);
      queue.push(task);
      leave(queue, task);
    }
    expect(queue.length).toBe(5);
    for (const task of [stuck, ...kept]) queue.done(task);
    expect([[...started].sort(), queue.length]).toEqual([['a', 'b', 'c', 'd', 'stuck'], 0]);
  });

  it('gives the place of abandoned work to another, within the bound, and its key to nobody', () => {
    const queue = queueOf({ concurrency: 1, maxAbandoned: 1 });
    const tasks = [new Task('a', 'k'), new Task('b', 'k'), new Task('c'), new Task('d')];
    for (const task of tasks) queue.push(task);
    queue.abandon(tasks[0]!);
    expect(started).toEqual(['a', 'c']);
    queue.abandon(tasks[2]!);
    expect([started, queue.abandonedCount, queue.runningCount]).toEqual([['a', 'c'], 2, 2]);
    queue.done(tasks[0]!);
    expect([started, queue.abandonedCount]).toEqual([['a', 'c', 'd'], 1]);
  });

  it('waits at its stop for abandoned work, too', async () => {
    const queue = queueOf({ concurrency: 1, maxAbandoned: 1 });
    const task = new Task('a');
    queue.push(task);
    queue.abandon(task);
    let isStopped = false;
    const stopped = queue.stop().then(() => (isStopped = true));
    await null;
    expect(isStopped).toBe(false);
    queue.done(task);
    await stopped;
  });
});
