import { PartitionCursor, type Reader } from '../../../../lib/driver/kafkajs/partition-cursor.js';
import type { ConsumerRecord } from '../../../../lib/driver/record.js';

const at = { topic: 'orders', partition: 3 };

/** What a fetch brings: these offsets, read up to `next`. */
const fetched = (offsets: readonly bigint[], next: bigint) => ({
  records: offsets.map((offset) => ({
    ...at,
    offset,
    timestampMs: 1_700_000_000_000,
    key: null,
    value: Buffer.from(String(offset)),
    headers: {},
  })),
  from: offsets[0] ?? 0n,
  start: offsets[0] ?? 0n,
  leaderEpoch: 4,
  next,
});

/** A cursor that stands at `next`, and what came out of it. */
const standingAt = (next: bigint, reader: Partial<Reader> = {}) => {
  const records: ConsumerRecord[] = [];
  const onRecords = jest.fn((batch: readonly ConsumerRecord[]) => void records.push(...batch));
  const cursor = new PartitionCursor(at, next, {
    onRecords,
    isReading: () => true,
    isOwner: () => true,
    ...reader,
  });
  return { cursor, records, onRecords };
};

describe('a cursor', () => {
  it('hands on what was fetched, and stands behind it then', () => {
    const { cursor, records } = standingAt(7n);

    cursor.deliver(fetched([7n, 8n], 9n));

    expect(records).toEqual(fetched([7n, 8n], 9n).records);
    expect(cursor.next).toBe(9n);
  });

  it('drops what another reader of the partition, who stands further back, was fetched for', () => {
    const { cursor, records, onRecords } = standingAt(12n);

    cursor.deliver(fetched([10n, 11n], 12n));
    expect(onRecords).not.toHaveBeenCalled();
    cursor.deliver(fetched([10n, 11n, 12n, 13n], 14n));

    expect(records.map(({ offset }) => offset)).toEqual([12n, 13n]);
  });

  it('goes over what no record is left of', () => {
    const { cursor, onRecords } = standingAt(0n);

    cursor.deliver(fetched([], 7n));

    expect(cursor.next).toBe(7n);
    expect(onRecords).not.toHaveBeenCalled();
  });

  it('waits longer from failure to failure, and not at all once it was read', () => {
    const { cursor } = standingAt(0n);
    const waitMs = (): number => {
      let ms = 0;
      while (!cursor.isWanted(performance.now() + ms)) ms += 1;
      return ms;
    };
    expect(waitMs()).toBe(0);
    cursor.fail();
    expect(waitMs()).toBeGreaterThan(0);
    cursor.succeed(fetched([], 1n));
    expect(cursor.isWanted(performance.now() + 60_000)).toBe(true);
  });

  it('keeps its place when what it reads may be in other hands, so that nothing is missed', () => {
    let isOwner = false;
    const { cursor, records } = standingAt(3n, { isOwner: () => isOwner });

    cursor.deliver(fetched([3n], 4n));
    expect([records, cursor.next]).toEqual([[], 3n]);
    isOwner = true;
    cursor.deliver(fetched([3n], 4n));

    expect(records.map(({ offset }) => offset)).toEqual([3n]);
  });

  it('drops what a fetch brings from where it stood before it was moved back, and tells its reader where it stands', () => {
    const onPositionReset = jest.fn();
    const { cursor, records } = standingAt(200n, { onPositionReset });

    cursor.moveTo(0n);
    cursor.deliver(fetched([200n, 201n], 202n));
    expect([records, cursor.next]).toEqual([[], 0n]);
    cursor.deliver(fetched([0n, 1n], 2n));

    expect(onPositionReset.mock.calls).toEqual([[at, 0n]]);
    expect(records.map(({ offset }) => offset)).toEqual([0n, 1n]);
  });

  it('hands nothing on once nobody reads it', () => {
    const { cursor, onRecords } = standingAt(0n);

    cursor.isActive = false;
    cursor.deliver(fetched([0n], 1n));

    expect(onRecords).not.toHaveBeenCalled();
  });
});
