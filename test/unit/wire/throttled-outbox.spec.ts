import type { Destination } from '../../../lib/wire/destination-queue.js';
import { destination, OutboxBench, sizedMessage } from '../../support/outbox-bench.js';
import { turns, until } from '../../support/until.js';

const KIB = 1_024;

describe('Outbox, of a client that the broker throttles', () => {
  const to = destination(0);
  let bench: OutboxBench;
  let nowMs: number;
  let throttles: number[];

  beforeEach(() => {
    nowMs = 1_000;
    throttles = [];
    bench = new OutboxBench({
      maxRecordBytes: 500 * KIB,
      maxQueuedBytes: 10_000 * KIB,
      now: () => nowMs,
      onThrottled: (throttleMs) => void throttles.push(throttleMs),
    });
  });

  /** The broker takes about 20 KiB a second: 220 KiB, for the ten seconds over which it measures and the one it wants to rest. */
  const throttle = async (): Promise<void> => {
    bench.sendSized(to, 1, 220 * KIB);
    await turns(2);
    bench.producer.last.batches[0]!.acknowledge(-1, 1_000);
    await turns(2);
  };

  const call = (seq: number, bytes: number, timeLeftMs: number): void =>
    bench.outbox.send(to, sizedMessage(seq, bytes), {
      dueAtMs: nowMs + timeLeftMs,
      delivered: () => undefined,
    });

  it('sends nothing until it may, and then what waits', async () => {
    await throttle();
    expect(throttles).toEqual([1_000]);
    call(2, 100, 5_000);
    await turns(3);
    expect(bench.sent).toHaveLength(1);
    nowMs += 1_000;
    await until(() => bench.sent.length === 2);
    expect(bench.producer.last.seqs).toEqual([[2]]);
  });

  it('refuses a call at once whose time would be over when it leaves', async () => {
    await throttle();
    expect(() => call(2, 100, 900)).toThrow(
      expect.objectContaining({ status: 'RESOURCE_EXHAUSTED', retryable: true }) as Error,
    );
    call(3, 40 * KIB, 5_000);
    expect(() => call(4, 100, 2_000)).toThrow('throttles this client');
    call(5, 100, 3_500);
  });

  it('fails at once what waits since before it was throttled and would leave too late, and sends the rest', async () => {
    const heard: [seq: number, status: string][] = [];
    const other = destination(1);
    const sendBefore = (where: Destination, seq: number, timeLeftMs?: number): void =>
      bench.outbox.send(where, sizedMessage(seq, 10 * KIB), {
        ...(timeLeftMs !== undefined && { dueAtMs: nowMs + timeLeftMs }),
        delivered: (error) => {
          heard.push([seq, error?.status ?? 'ok']);
          // Whoever hears it may send at once.
          if (seq === 3) call(9, 100, 60_000);
        },
      });
    bench.sendSized(to, 1, 220 * KIB);
    await turns(2);
    // At 20 KiB a second, each of them takes half a second of the broker's.
    sendBefore(to, 2, 1_100);
    sendBefore(to, 3, 900);
    sendBefore(to, 4, 1_300);
    sendBefore(to, 5);
    sendBefore(to, 6, 2_200);
    sendBefore(other, 7, 2_400);
    sendBefore(other, 8, 2_900);
    bench.producer.last.batches[0]!.acknowledge(-1, 1_000);
    await turns(2);
    expect(heard).toEqual([3, 4, 7].map((seq) => [seq, 'RESOURCE_EXHAUSTED']));

    nowMs += 1_000;
    await until(() => bench.sent.length > 1);
    while (heard.length < 7) {
      bench.producer.last.acknowledge();
      await turns(3);
      nowMs += 1_000;
    }
    const seqs = bench.sent.slice(1).flat(2).sort();
    expect(seqs).toEqual([2, 5, 6, 8, 9]);
    await bench.outbox.idle();
  });

  it('makes records no larger than what the broker takes in about a second', async () => {
    await throttle();
    for (let seq = 2; seq < 42; seq++) call(seq, 2 * KIB, 60_000);
    nowMs += 1_000;
    await until(() => bench.sent.length === 2);
    expect(bench.producer.last.records[0]!.value!.length).toBeLessThanOrEqual(22 * KIB);
    expect(bench.producer.last.records).toHaveLength(1);
  });

  it('forgets it when the broker has not throttled for a while', async () => {
    await throttle();
    nowMs += 60_000;
    for (let seq = 2; seq < 32; seq++) call(seq, 2 * KIB, 60_000);
    await turns(3);
    expect(bench.producer.last.records).toHaveLength(1);
    expect(bench.producer.last.seqs[0]).toHaveLength(30);
  });
});

describe('Outbox', () => {
  const to = destination(0);

  const request = (seq: number, ttlMs: number) =>
    ({
      kind: 'request',
      seq,
      ttlMs,
      pattern: 'p',
      key: null,
      headers: {},
      metadata: Buffer.alloc(0),
      payload: Buffer.alloc(100),
      sentAtMs: 0,
      attempt: 1,
    }) as const;

  it('lets what nobody waits for any more stay here, and tells the others’ time as it is when they leave', async () => {
    let nowMs = 1_000;
    const bench = new OutboxBench({ maxRecordBytes: 50 * KIB, now: () => nowMs });
    bench.sendSized(to, 1, 5 * KIB);
    await turns(2);
    const heard: string[] = [];
    const calls = [2, 3, 4].map((seq) => ({
      isOver: false,
      dueAtMs: nowMs + 500 * seq,
      leave: () => void heard.push(`left ${seq}`),
      delivered: () => void heard.push(`delivered ${seq}`),
    }));
    calls.forEach((delivery, i) => bench.outbox.send(to, request(i + 2, 500 * (i + 2)), delivery));
    calls[1]!.isOver = true;
    nowMs += 400;
    bench.producer.last.acknowledge();
    await turns(2);
    expect(bench.producer.last.seqs).toEqual([[2, 4]]);
    expect(bench.producer.last.messages).toMatchObject([{ ttlMs: 600 }, { ttlMs: 1_600 }]);
    bench.producer.last.acknowledge();
    await bench.outbox.idle();
    expect(heard).toEqual(['left 2', 'left 4', 'delivered 2', 'delivered 4']);
  });

  it('sends nothing when nobody waits for anything any more', async () => {
    const bench = new OutboxBench();
    bench.outbox.send(to, request(1, 500), { isOver: true, delivered: () => undefined });
    await turns(2);
    expect(bench.sent).toEqual([]);
    await bench.outbox.idle();
  });

  it('makes room of what nobody waits for before it refuses anything', async () => {
    const bench = new OutboxBench({ maxRecordBytes: 50 * KIB, maxQueuedBytes: 1_000 });
    bench.sendSized(to, 1, 5 * KIB);
    await turns(2);
    const gone = { isOver: false, delivered: () => undefined };
    for (let seq = 2; seq < 10; seq++) bench.outbox.send(to, request(seq, 500), gone);
    expect(() => bench.outbox.send(to, request(12, 500))).toThrow('maxQueuedBytes is 1000');
    gone.isOver = true;
    await new Promise((resolve) => setTimeout(resolve, 60));
    bench.outbox.send(to, request(13, 500));
    bench.producer.last.acknowledge();
    await turns(2);
    expect(bench.producer.last.seqs).toEqual([[13]]);
  });
});
