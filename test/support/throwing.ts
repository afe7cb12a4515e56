import { seededRandom } from './seeded-random.js';

const circular = (): object => {
  const it: Record<string, unknown> = {};
  it['it'] = it;
  return it;
};

const untouchable = (): object =>
  new Proxy(
    {},
    {
      get: () => {
        throw new Error('hands off');
      },
    },
  );

/** What user code may throw: anything. */
const THROWN: readonly (() => unknown)[] = [
  () => new Error('a bug'),
  () => new TypeError('a bug'),
  () => 7n,
  () => Symbol('a bug'),
  () => undefined,
  () => null,
  () => 'a text',
  circular,
  () => Object.create(null),
  untouchable,
];

/** User code that throws now and then: where, and what, follows from the seed. */
export class Throwing {
  /** How often it threw, by place. */
  readonly thrown = new Map<string, number>();
  private readonly random;

  /** @param rate of all times that it may throw at a place */
  constructor(
    seed: number,
    private readonly rate: number,
  ) {
    this.random = seededRandom(seed);
  }

  /** Throws, or does not. */
  at(place: string): void {
    if (this.random.next() >= this.rate) return;
    this.thrown.set(place, (this.thrown.get(place) ?? 0) + 1);
    throw THROWN[Math.floor(this.random.next() * THROWN.length)]!();
  }

  next(): number {
    return this.random.next();
  }
}
