import { Deadlines, Due } from '../../../lib/protocol/deadlines.js';

class Task extends Due {
  constructor(readonly name: string) {
    super();
  }
}

describe('Deadlines', () => {
  beforeEach(() => void jest.useFakeTimers());

  afterEach(() => jest.useRealTimers());

  it.each([2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])(
    'wait for a time that is %i ms away without waking up meanwhile: no timer waits longer than 2^31 - 1 ms',
    (delayMs) => {
      const wait = jest.spyOn(globalThis, 'setTimeout');
      const deadlines = new Deadlines<Task>(() => undefined);
      deadlines.add(new Task('far'), delayMs);
      jest.advanceTimersByTime(60_000);
      for (const [, ms] of wait.mock.calls) expect(ms).toBeLessThanOrEqual(2 ** 31 - 1);
      expect(wait.mock.calls.length).toBeLessThanOrEqual(2);
    },
  );

  it('tell nothing of an item that is removed while another of the same tick is told', () => {
    const told: string[] = [];
    const [first, second] = [new Task('first'), new Task('second')];
    const deadlines = new Deadlines<Task>(({ name }) => {
      told.push(name);
      deadlines.remove(second);
    });
    deadlines.add(first, 15);
    deadlines.add(second, 15);
    jest.advanceTimersByTime(100);
    expect(told).toEqual(['first']);
  });
});
