import { OffsetTracker } from '../../../../lib/server/commits/offset-tracker.js';
import type { TrackedRecord } from '../../../../lib/server/commits/tracked-record.js';
import { seededRandom, type SeededRandom } from '../../../support/seeded-random.js';

/** The offset that moves the commit on; undefined for none. */
const toCommit = (tracker: OffsetTracker): bigint | undefined => {
  const due = tracker.progress();
  return due === undefined || tracker.hasCommitted(due.offset, '') ? undefined : due.offset;
};

describe('OffsetTracker', () => {
  const track = (tracker: OffsetTracker, ...offsets: number[]): TrackedRecord[] =>
    offsets.map((offset) => tracker.add(BigInt(offset))!);

  it('has nothing to commit before anything is finished', () => {
    const tracker = new OffsetTracker(5n);
    track(tracker, 5, 6);
    expect(toCommit(tracker)).toBeUndefined();
    expect(tracker.size).toBe(2);
  });

  it('commits the offset after the last of those finished without a gap', () => {
    const tracker = new OffsetTracker(5n);
    const [five, six, seven] = track(tracker, 5, 6, 7);
    expect(tracker.finish(six!)).toBe(true);
    expect(toCommit(tracker)).toBeUndefined();
    expect(tracker.finish(five!)).toBe(true);
    expect(toCommit(tracker)).toBe(7n);
    expect(tracker.finish(seven!)).toBe(true);
    expect(toCommit(tracker)).toBe(8n);
    expect(tracker.size).toBe(0);
  });

  it('goes over gaps that compaction and transactions leave in the log', () => {
    const tracker = new OffsetTracker(0n);
    const [three, ten] = track(tracker, 3, 10);
    tracker.finish(three!);
    expect(toCommit(tracker)).toBe(4n);
    tracker.finish(ten!);
    expect(toCommit(tracker)).toBe(11n);
  });

  it('takes no record twice, and none from before', () => {
    const tracker = new OffsetTracker(5n);
    track(tracker, 5, 6);
    expect(tracker.add(5n)).toBeUndefined();
    expect(tracker.add(6n)).toBeUndefined();
    expect(tracker.add(4n)).toBeUndefined();
    expect(tracker.add(7n)).toBeDefined();
  });

  it('has nothing to commit once the broker has it', () => {
    const tracker = new OffsetTracker(0n);
    const [zero, one] = track(tracker, 0, 1);
    tracker.finish(zero!);
    tracker.onCommitted(tracker.progress()!, '');
    expect(toCommit(tracker)).toBeUndefined();
    tracker.finish(one!);
    expect(toCommit(tracker)).toBe(2n);
  });

  it('is not moved by a record that finishes twice', () => {
    const tracker = new OffsetTracker(0n);
    const [zero] = track(tracker, 0, 1);
    expect(tracker.finish(zero!)).toBe(true);
    expect(tracker.finish(zero!)).toBe(false);
    expect(toCommit(tracker)).toBe(1n);
  });

  it('never passes unfinished work and never goes back, in 10,000 random schedules', () => {
    const random = seededRandom(2_026);
    for (let run = 0; run < 10_000; run++) runSchedule(random);
  });

  it('keeps its promises over many thousand records in hand', () => {
    const tracker = new OffsetTracker(0n);
    const records = track(tracker, ...Array.from({ length: 20_000 }, (_, i) => i));
    for (const record of records.slice(1)) tracker.finish(record);
    expect(toCommit(tracker)).toBeUndefined();
    tracker.finish(records[0]!);
    expect(toCommit(tracker)).toBe(20_000n);
    expect(tracker.size).toBe(0);
  });
});

/** The tracker against the plain rule: what is read and not finished bounds the mark. */
const runSchedule = (random: SeededRandom): void => {
  const start = BigInt(random.integer(5));
  const tracker = new OffsetTracker(start);
  const open = new Map<bigint, TrackedRecord>();
  let next = start;
  let end = start;
  let lastCommit = start;
  const check = (): void => {
    const due = toCommit(tracker);
    if (due === undefined) return;
    const isPastUnfinished = [...open.keys()].some((offset) => offset < due);
    if (due <= lastCommit || due > end || isPastUnfinished) {
      throw new Error(
        `${due} was to be committed after ${lastCommit}, with ${[...open.keys()].join()} open.`,
      );
    }
    if (random.integer(2) === 0) return;
    tracker.onCommitted(tracker.progress()!, '');
    lastCommit = due;
  };
  for (let step = 0; step < 30; step++) {
    const action = random.integer(10);
    if (action < 4) {
      const offset = next + BigInt(random.integer(3) === 0 ? random.integer(4) : 0);
      open.set(offset, tracker.add(offset)!);
      next = offset + 1n;
    } else if (action === 4 && next > start) {
      if (tracker.add(next - 1n - BigInt(random.integer(3))) !== undefined)
        throw new Error('It was read again.');
    } else if (open.size > 0) {
      const [offset, record] = random.pick([...open]);
      open.delete(offset);
      tracker.finish(record);
      if (offset >= end) end = offset + 1n;
    }
    check();
  }
  for (const record of open.values()) tracker.finish(record);
  expect(toCommit(tracker) ?? lastCommit).toBe(next > start ? next : start);
  expect(tracker.size).toBe(0);
};
