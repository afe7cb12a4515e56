import type { ConsumerRecord } from 'nestjs-kafka-rpc';
import { RequestClock } from '../../../lib/server/request-clock.js';
import { BrokerClock } from '../../../lib/wire/broker-clock.js';
import { consumed } from '../../support/raw-records.js';

const NOW_MS = 1_700_000_000_000;

describe('RequestClock', () => {
  let nowMs = NOW_MS;
  let brokers: BrokerClock;
  let provenAfterMs: number | undefined;
  let watched: ConsumerRecord[];
  let asked: (number | undefined)[];
  let clock: RequestClock;

  const record = (ageMs: number, parts: Partial<ConsumerRecord> = {}): ConsumerRecord =>
    consumed({ timestampMs: nowMs - ageMs, ...parts });

  beforeEach(() => {
    nowMs = NOW_MS;
    provenAfterMs = undefined;
    watched = [];
    asked = [];
    brokers = new BrokerClock(() => nowMs);
    brokers.observe(nowMs - 1, nowMs, nowMs - 1, 0);
    clock = new RequestClock(brokers, {
      leaderOf: ({ partition }) => partition,
      times: {
        ask: (broker) => {
          asked.push(broker);
          return undefined;
        },
      },
      ends: { watch: (at) => void watched.push(at as ConsumerRecord), provenAfterMs: () => provenAfterMs },
    });
  });

  it('gives what is left of a call’s time, and never more than all of it', () => {
    expect(clock.timeLeftMs(record(30, { partition: 0 }), 100)).toBeGreaterThan(65);
    expect(clock.timeLeftMs(record(-5_000, { partition: 0 }), 100)).toBe(100);
    expect(clock.timeLeftMs(record(30), 0)).toBe(Infinity);
  });

  it('judges by the clock of the broker that leads the partition', () => {
    brokers.observe(nowMs - 1, nowMs, nowMs - 10_000, 1);
    expect(clock.timeLeftMs(record(10_030, { partition: 1 }), 100)).toBeGreaterThan(65);
    expect(clock.timeLeftMs(record(10_030, { partition: 0 }), 100)).toBeLessThan(0);
  });

  it('takes a call that may be over for over', () => {
    brokers.observe(nowMs - 50, nowMs, nowMs - 25, 2);
    expect(clock.timeLeftMs(record(90, { partition: 2 }), 100)).toBeLessThan(0);
    expect(clock.timeLeftMs(record(60, { partition: 2 }), 100)).toBeGreaterThan(0);
  });

  it('asks the leader and watches the log before a call is given up', () => {
    const late = record(200, { partition: 1 });
    expect(clock.recheck(late)).toBeUndefined();
    expect(asked).toEqual([1]);
    expect(watched).toEqual([late]);
  });

  it('believes the log more than the broker, until a record is from the future', () => {
    provenAfterMs = nowMs - 20;
    clock.received(record(10_000, { partition: 0 }));
    provenAfterMs = undefined;
    expect(clock.timeLeftMs(record(10_000, { partition: 0 }), 100)).toBe(100);
    expect(clock.timeLeftMs(record(10_000, { partition: 1 }), 100)).toBeLessThan(0);
    clock.received(record(0, { partition: 0 }));
    expect(clock.timeLeftMs(record(10_000, { partition: 0 }), 100)).toBeLessThan(0);
  });

  it('believes the broker where the log proves nothing else', () => {
    provenAfterMs = nowMs - 20;
    clock.received(record(0, { partition: 0 }));
    provenAfterMs = undefined;
    expect(clock.timeLeftMs(record(30, { partition: 0 }), 100)).toBeGreaterThan(65);
  });
});
