import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WorkQueue, type Work } from '../../../lib/server/work-queue.js';
import { turns } from '../../support/until.js';

const NOBODY = { onLess: () => undefined };

describe('WorkQueue under load', () => {
  it('takes any number of pieces in a row that are done as soon as they start', async () => {
    let first: Work | undefined;
    let done = 0;
    const queue: WorkQueue<Work> = new WorkQueue<Work>({
      ...NOBODY,
      concurrency: 1,
      start: (work) => {
        if (first === undefined) {
          first = work;
          return;
        }
        done += 1;
        queue.done(work);
      },
    });
    for (let i = 0; i <= 50_000; i++) queue.push({ orderKey: null, isOver: false });
    queue.done(first!);
    while (queue.length > 0) await turns(1);
    expect(done).toBe(50_000);
  });

  it('lets go of work that is done while more always waits', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const running: Work[] = [];
    const queue = new WorkQueue<Work>({
      ...NOBODY,
      concurrency: 1,
      start: (work) => void running.push(work),
    });
    let early: WeakRef<Work> | undefined;
    for (let i = 0; i < 5_000; i++) {
      const work = { orderKey: null, isOver: false };
      if (i === 20) early = new WeakRef(work);
      queue.push(work);
      if (i % 50 === 0) await turns(1);
      if (i > 10) queue.done(running.shift()!);
    }
    await turns(2);
    collectGarbage();
    expect(queue.length).toBeGreaterThan(1);
    expect(early!.deref()).toBeUndefined();
  });
});
