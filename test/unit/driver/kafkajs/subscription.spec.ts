import { Subscription, type Reader } from '../../../../lib/driver/kafkajs/subscription.js';
import type { ConsumerRecord } from '../../../../lib/driver/record.js';

const message = (offset: number, changes: object = {}) => ({
  key: null,
  value: Buffer.from(String(offset)),
  headers: {},
  offset: String(offset),
  timestamp: '1700000000000',
  isControlRecord: false,
  ...changes,
});

const at = { topic: 'orders', partition: 3 };

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
  it('hands on a record with its place and time, and stands behind it then', () => {
    const { subscription, records } = standingAt(7n);

    subscription.deliver([message(7, { key: Buffer.from('k'), headers: { h: Buffer.from('v') } })]);

    expect(records).toEqual([
      {
        ...at,
        offset: 7n,
        timestampMs: 1_700_000_000_000,
        key: Buffer.from('k'),
        value: Buffer.from('7'),
        headers: { h: Buffer.from('v') },
      },
    ]);
    expect(subscription.next).toBe(8n);
  });

  it('drops what a batch brings from before its place', () => {
    const { subscription, records } = standingAt(12n);

    subscription.deliver([10, 11, 12, 13].map((offset) => message(offset)));

    expect(records.map(({ offset }) => offset)).toEqual([12n, 13n]);
  });

  it('goes over control records and gaps', () => {
    const { subscription, records, onRecords } = standingAt(0n);

    subscription.deliver([message(0), message(4), message(5, { isControlRecord: true })]);
    subscription.deliver([message(6, { isControlRecord: true })]);

    expect(records.map(({ offset }) => offset)).toEqual([0n, 4n]);
    expect(subscription.next).toBe(7n);
    expect(onRecords).toHaveBeenCalledTimes(1);
  });

  it('keeps its place when what it reads may be in other hands, so that nothing is missed', () => {
    let isOwner = false;
    const { subscription, records } = standingAt(3n, { isOwner: () => isOwner });

    subscription.deliver([message(3)]);
    expect([records, subscription.next]).toEqual([[], 3n]);
    isOwner = true;
    subscription.deliver([message(3)]);

    expect(records.map(({ offset }) => offset)).toEqual([3n]);
  });

  it('hands nothing on once nobody reads it', () => {
    const { subscription, onRecords } = standingAt(0n);

    subscription.isActive = false;
    subscription.deliver([message(0)]);

    expect(onRecords).not.toHaveBeenCalled();
  });
});
