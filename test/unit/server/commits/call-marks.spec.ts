import { CallMarks, MAX_MARKS } from '../../../../lib/server/commits/call-marks.js';

describe('CallMarks', () => {
  it('has what was added, once', () => {
    const marks = new CallMarks(3);
    expect(marks.isEmpty).toBe(true);
    expect([marks.add(2), marks.add(2), marks.add(100)]).toEqual([true, false, true]);
    expect([0, 1, 2, 3, 99, 100, 101].filter((index) => marks.has(index))).toEqual([2, 100]);
    expect(marks.isEmpty).toBe(false);
  });

  it('is told as runs: how many are not marked, then how many are', () => {
    const marks = new CallMarks();
    expect(marks.runs()).toEqual([]);
    marks.addRun(3, 70);
    marks.add(71);
    expect(marks.runs()).toEqual([3, 67, 1, 1]);
    marks.add(0);
    expect(marks.runs()).toEqual([0, 1, 2, 67, 1, 1]);
  });

  it('has with others what either has, and leaves both as they are', () => {
    const [one, other] = [new CallMarks(), new CallMarks()];
    one.addRun(0, 40);
    other.addRun(30, 90);
    expect(one.with(other).runs()).toEqual([0, 90]);
    expect(other.with(undefined).runs()).toEqual([30, 60]);
    expect([one.runs(), other.runs()]).toEqual([
      [0, 40],
      [30, 60],
    ]);
  });

  it('keeps no more than so many: those behind are not told singly', () => {
    const marks = new CallMarks(10_000_000);
    expect(marks.add(MAX_MARKS)).toBe(false);
    expect(marks.has(MAX_MARKS)).toBe(false);
    expect(marks.add(MAX_MARKS - 1)).toBe(true);
  });
});
