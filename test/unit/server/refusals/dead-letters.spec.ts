import { RpcError, type ProducerRecord } from 'nestjs-kafka-rpc';
import { Counters } from '../../../../lib/diagnostics/counters.js';
import {
  DEAD_LETTER_HEADERS,
  deadLetterOf,
  letterBytes,
} from '../../../../lib/server/dead-letters/dead-letter.js';
import { DeadLetters } from '../../../../lib/server/refusals/dead-letters.js';
import { consumed } from '../../../support/raw-records.js';
import { until } from '../../../support/until.js';

const TO = { topic: 'rpc.sum.dead-letters', partition: 1 };

const letter = (value = 'x'): ProducerRecord => ({ ...TO, value: Buffer.from(value) });

const unavailable = (): RpcError => new RpcError('UNAVAILABLE', 'no broker');
const tooLarge = (): RpcError => new RpcError('RESOURCE_EXHAUSTED', 'too large');

describe('a dead letter', () => {
  const record = consumed({
    partition: 7,
    offset: 41n,
    timestampMs: 1_700_000_000_000,
    key: Buffer.from('key'),
    value: Buffer.from([0, 255]),
    headers: {
      twice: [Buffer.from('a'), Buffer.from('b')],
      none: null as never,
      [DEAD_LETTER_HEADERS.reason]: Buffer.from('forged'),
    },
  });

  it('has key, value and headers as they came, and says why and whence', () => {
    const text = (value: string): Buffer => Buffer.from(value);
    expect(deadLetterOf(record, { reason: 'stages' }, TO)).toEqual({
      ...TO,
      key: Buffer.from('key'),
      value: Buffer.from([0, 255]),
      headers: {
        twice: [text('a'), text('b')],
        none: Buffer.alloc(0),
        'dead-letter-reason': text('stages'),
        'dead-letter-topic': text('rpc.sum.requests'),
        'dead-letter-partition': text('7'),
        'dead-letter-offset': text('41'),
        'dead-letter-timestamp-ms': text('1700000000000'),
      },
    });
  });

  it('is weighed with all its headers', () => {
    const plain = letterBytes({ ...TO, value: null });
    expect(
      letterBytes({ ...TO, value: null, headers: { a: [Buffer.alloc(50), Buffer.alloc(50)] } }),
    ).toBeGreaterThan(plain + 100);
  });
});

describe('DeadLetters', () => {
  let counters: Counters;
  let batches: ProducerRecord[][];
  let lost: RpcError[];
  let done: number;
  /** What the next requests fail with, one each. */
  let failures: ((records: readonly ProducerRecord[]) => RpcError | undefined)[];

  beforeEach(() => {
    counters = new Counters();
    batches = [];
    lost = [];
    done = 0;
    failures = [];
  });

  const create = (limits: { maxWaitingBytes?: number } = {}): DeadLetters =>
    new DeadLetters({
      connection: {
        produce: async (records) => {
          const failure = failures.shift()?.(records);
          if (failure !== undefined) throw failure;
          batches.push([...records]);
          return { ...TO, baseOffset: 0n, appendTimeMs: -1 };
        },
      },
      maxWaitingBytes: 100_000,
      counters,
      onLost: (error) => lost.push(error),
      firstPauseMs: 1,
      ...limits,
    });

  const write = (letters: DeadLetters, ...values: string[]): void => {
    for (const value of values) letters.write(letter(value), () => (done += 1));
  };

  const valuesOf = (records: readonly ProducerRecord[]): string[] =>
    records.map(({ value }) => String(value));

  it('go out in the order written, and are done when the broker has them', async () => {
    const letters = create();
    write(letters, 'a', 'b', 'c');
    expect(done).toBe(0);
    await letters.idle();
    expect(batches.map(valuesOf)).toEqual([['a'], ['b'], ['c']]);
    expect([done, counters.snapshot().deadLetters, lost]).toEqual([3, 3, []]);
  });

  it('wait out a broker that does not answer', async () => {
    failures.push(unavailable, unavailable);
    const letters = create();
    write(letters, 'a');
    await letters.idle();
    expect([done, batches.length, counters.snapshot().deadLettersLost]).toEqual([1, 1, 0]);
  });

  it('are lost, counted and done after five tries', async () => {
    failures.push(...Array<() => RpcError>(10).fill(unavailable));
    const letters = create();
    write(letters, 'a', 'b');
    await letters.idle();
    expect([done, lost.length, counters.snapshot().deadLettersLost]).toEqual([2, 2, 2]);
    write(letters, 'c');
    await letters.idle();
    expect(batches.map(valuesOf)).toEqual([['c']]);
  });

  it('are not lost for one that the broker will never take', async () => {
    const spoiled = (records: readonly ProducerRecord[]): RpcError | undefined =>
      valuesOf(records).includes('b') ? tooLarge() : undefined;
    failures.push(...Array<typeof spoiled>(3).fill(spoiled));
    const letters = create();
    write(letters, 'a', 'b', 'c');
    await letters.idle();
    expect(batches.map(valuesOf)).toEqual([['a'], ['c']]);
    expect([done, lost, counters.snapshot().deadLettersLost]).toEqual([3, [tooLarge()], 1]);
  });

  it('take no more memory than they may', async () => {
    const letters = create({ maxWaitingBytes: 1_000 });
    write(letters, ...Array<string>(100).fill('x'.repeat(100)));
    expect(counters.snapshot().deadLettersLost).toBeGreaterThan(85);
    expect(done).toBe(counters.snapshot().deadLettersLost);
    await letters.idle();
    expect(done).toBe(100);
    write(letters, 'room again');
    await letters.idle();
    expect(done).toBe(101);
  });

  it('are not done when the server closes first: they are read again', async () => {
    failures.push(...Array<() => RpcError>(50).fill(unavailable));
    const letters = create();
    write(letters, 'a', 'b');
    await until(() => failures.length < 50);
    letters.close();
    await letters.idle();
    expect([done, lost]).toEqual([0, []]);
  });
});
