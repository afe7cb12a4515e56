import type { SeededRandom } from '../../support/seeded-random.js';
import type { CallData, CallKind } from './lines.js';

/** Of a hundred calls, so many are of each kind. */
const SHARES: Readonly<Record<CallKind, number>> = {
  work: 60,
  plain: 22,
  values: 5,
  refused: 3,
  cancelled: 3,
  brief: 2,
  event: 5,
};
const KEYS = 12;
const VALUES = 8;

/** A call as it is to be made. */
export interface PlannedCall {
  readonly data: CallData;
  readonly pattern: string;
  readonly deadlineMs: number;
  /** When the caller gives up. */
  readonly cancelAfterMs?: number;
}

/** Which calls a client makes, and with what: by its seed alone. */
export class CallMix {
  private made = 0;
  private readonly numbers = new Map<string, number>();
  private readonly kinds = Object.entries(SHARES).flatMap(([kind, share]) =>
    Array.from({ length: share }, () => kind as CallKind),
  );

  constructor(
    private readonly client: string,
    private readonly deadlineMs: number,
    private readonly random: SeededRandom,
  ) {}

  next(): PlannedCall {
    const kind = this.random.pick(this.kinds);
    const name = { nonce: `${this.client}-${++this.made}`, kind };
    const { deadlineMs, random } = this;
    switch (kind) {
      case 'work':
        return { pattern: 'work', deadlineMs, data: { ...name, ...this.keyed(), ms: random.integer(4) } };
      case 'plain':
        return {
          pattern: 'work',
          deadlineMs,
          data: { ...name, ms: this.now(10) ? 200 + random.integer(1_300) : 0 },
        };
      case 'values':
        return {
          pattern: 'values',
          deadlineMs,
          data: { ...name, count: VALUES, ms: random.integer(this.now(2) ? 250 : 10) },
        };
      case 'refused':
        return { pattern: 'refuse', deadlineMs, data: name };
      case 'cancelled':
        return {
          pattern: 'wait',
          deadlineMs,
          data: { ...name, ms: 6_000 },
          cancelAfterMs: 50 + random.integer(450),
        };
      case 'brief':
        return { pattern: 'work', deadlineMs: 400, data: { ...name, ms: random.integer(800) } };
      case 'event':
        return { pattern: 'told', deadlineMs, data: { ...name, ms: random.integer(20) } };
    }
  }

  /** A call without a key that takes its handler so long. */
  slow(ms: number): PlannedCall {
    const nonce = `${this.client}-${++this.made}`;
    return { pattern: 'work', deadlineMs: this.deadlineMs, data: { nonce, kind: 'plain', ms } };
  }

  /** Once in so many. */
  private now(oneIn: number): boolean {
    return this.random.integer(oneIn) === 0;
  }

  private keyed(): { readonly key: string; readonly number: number } {
    const key = `${this.client}/${this.random.integer(KEYS)}`;
    const number = (this.numbers.get(key) ?? 0) + 1;
    this.numbers.set(key, number);
    return { key, number };
  }
}
