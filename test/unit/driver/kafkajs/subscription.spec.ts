import { Subscription, type Reader } from '../../../../lib/driver/kafkajs/subscription.js';
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
  next,
});

/** A subscription that stands at `next`, and what came out of it. */
const standingAt = (next: bigint, reader: Partial<Reader> = {}) => {
  const records: ConsumerRecord[] = [];
  const onRecords = jest.fn((batch: readonly ConsumerRecord[]) => void records.push(...batch));
  const subscription = new Subscription(at, next, {
    onRecords,
    isReading: () => true,
    isOwner: () => true,
    ...reader,
  });
  return { subscription, records, onRecords };
};

describe('a subscription', () => {
  it('hands on what was fetched, and stands behind it then', () => {
    const { subscription, records } = standingAt(7n);

    subscription.deliver(fetched([7n, 8n], 9n));

    expect(records).toEqual(fetched([7n, 8n], 9n).records);
    expect(subscription.next).toBe(9n);
  });

  it('drops what another reader of the partition, who stands further back, was fetched for', () => {
    const { subscription, records, onRecords } = standingAt(12n);

    subscription.deliver(fetched([10n, 11n], 12n));
    expect(onRecords).not.toHaveBeenCalled();
    subscription.deliver(fetched([10n, 11n, 12n, 13n], 14n));

    expect(records.map(({ offset }) => offset)).toEqual([12n, 13n]);
  });

  it('goes over what no record is left of', () => {
    const { subscription, onRecords } = standingAt(0n);

    subscription.deliver(fetched([], 7n));

    expect(subscription.next).toBe(7n);
    expect(onRecords).not.toHaveBeenCalled();
  });

  it('waits longer from failure to failure, and not at all once it was read', () => {
    const { subscription } = standingAt(0n);
    const waitMs = (): number => {
      let ms = 0;
      while (!subscription.isWanted(performance.now() + ms)) ms += 1;
      return ms;
    };
    expect(waitMs()).toBe(0);
    subscription.fail();
    expect(waitMs()).toBeGreaterThan(0);
    subscription.succeed(fetched([], 1n));
    expect(subscription.isWanted(performance.now() + 60_000)).toBe(true);
  });

  it('keeps its place when what it reads may be in other hands, so that nothing is missed', () => {
    let isOwner = false;
    const { subscription, records } = standingAt(3n, { isOwner: () => isOwner });

    subscription.deliver(fetched([3n], 4n));
    expect([records, subscription.next]).toEqual([[], 3n]);
    isOwner = true;
    subscription.deliver(fetched([3n], 4n));

    expect(records.map(({ offset }) => offset)).toEqual([3n]);
  });

  it('hands nothing on once nobody reads it', () => {
    const { subscription, onRecords } = standingAt(0n);

    subscription.isActive = false;
    subscription.deliver(fetched([0n], 1n));

    expect(onRecords).not.toHaveBeenCalled();
  });
});
