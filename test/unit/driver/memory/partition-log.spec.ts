import { PartitionLog } from '../../../../lib/driver/memory/partition-log.js';
import type { ProducerRecord } from '../../../../lib/driver/record.js';

const AT = { topic: 'numbers', partition: 0 };

const numbers = (from: number, count: number): ProducerRecord[] =>
  Array.from({ length: count }, (_, index) => ({ ...AT, value: Buffer.from(String(from + index)) }));

describe('PartitionLog', () => {
  it('counts offsets from 0 and goes on with each append', () => {
    const log = new PartitionLog(AT, 100);

    expect(log.append(numbers(0, 3), 1)).toBe(0n);
    expect(log.append(numbers(3, 2), 2)).toBe(3n);
    expect([log.startOffset, log.endOffset]).toEqual([0n, 5n]);
    expect(log.read(2n, 10).map(({ offset, timestampMs }) => [offset, timestampMs])).toEqual([
      [2n, 1],
      [3n, 2],
      [4n, 2],
    ]);
  });

  it('drops the oldest records beyond the retention, and keeps every other at its offset', () => {
    const log = new PartitionLog(AT, 700);

    for (let from = 0; from < 10_000; from += 250) log.append(numbers(from, 250), 0);

    expect([log.startOffset, log.endOffset]).toEqual([9_300n, 10_000n]);
    for (const offset of [9_300n, 9_650n, 9_999n]) {
      expect(String(log.read(offset, 1)[0]?.value)).toBe(String(offset));
    }
    expect(log.read(9_300n, 10_000)).toHaveLength(700);
  });

  it('keeps the last of one append that is larger than the retention', () => {
    const log = new PartitionLog(AT, 10);

    expect(log.append(numbers(0, 25), 0)).toBe(0n);

    expect([log.startOffset, log.endOffset]).toEqual([15n, 25n]);
  });

  it('knows where reading can go on: in it, and at its end', () => {
    const log = new PartitionLog(AT, 10);
    log.append(numbers(0, 25), 0);

    expect([14n, 15n, 20n, 25n, 26n].map((offset) => log.has(offset))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  it('calls a listener after each append until it is taken off', () => {
    const log = new PartitionLog(AT, 10);
    const ends: bigint[] = [];
    const takeOff = log.onAppend(() => ends.push(log.endOffset));

    log.append(numbers(0, 2), 0);
    log.append(numbers(2, 1), 0);
    takeOff();
    log.append(numbers(3, 1), 0);

    expect(ends).toEqual([2n, 3n]);
  });
});
