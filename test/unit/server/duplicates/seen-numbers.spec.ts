import { ENTRY_BYTES, SeenNumbers } from '../../../../lib/server/duplicates/seen-numbers.js';
import { seededRandom } from '../../../support/seeded-random.js';

describe('SeenNumbers', () => {
  const seenOf = (...numbers: number[]): SeenNumbers => {
    const seen = new SeenNumbers({ bytes: 0 });
    for (const number of numbers) seen.add(number);
    return seen;
  };

  it('takes each number once', () => {
    const seen = seenOf(1, 2, 5);
    expect([1, 2, 3, 4, 5, 6].map((number) => seen.add(number))).toEqual([
      false,
      false,
      true,
      true,
      false,
      true,
    ]);
  });

  it('takes numbers beyond 32 bits', () => {
    const seen = seenOf(2 ** 40, 2 ** 40 + 1);
    expect(seen.add(2 ** 40 + 1)).toBe(false);
    expect(seen.add(2 ** 40 + 2)).toBe(true);
  });

  it('knows what an older one had, until that is forgotten', () => {
    const older = seenOf(1, 2, 9);
    const seen = new SeenNumbers({ bytes: 0 }, older);
    expect([seen.add(2), seen.add(3), seen.add(9), seen.add(10)]).toEqual([false, true, false, true]);
    seen.forgetOlder();
    expect([seen.has(2), seen.has(3), seen.has(10)]).toEqual([false, true, true]);
  });

  it('takes no more memory for a long run than for a short one', () => {
    const held = { bytes: 0 };
    const seen = new SeenNumbers(held);
    for (let number = 1; number <= 10_000; number++) seen.add(number);
    expect(held.bytes).toBeLessThan(ENTRY_BYTES + 100);
  });

  it('is bounded where a stranger chose numbers that go down', () => {
    const held = { bytes: 0 };
    const seen = new SeenNumbers(held);
    for (let number = 100_000; number > 0; number--) seen.add(number);
    expect(held.bytes).toBeLessThan(10_000);
    expect(seen.add(100_000)).toBe(false);
  });

  it('agrees with a set, whatever the order', () => {
    const random = seededRandom(7);
    for (let round = 0; round < 200; round++) {
      const [seen, set] = [seenOf(), new Set<number>()];
      for (let i = 0; i < 200; i++) {
        const number = 1 + random.integer(150);
        expect(seen.add(number)).toBe(!set.has(number));
        set.add(number);
      }
    }
  });
});
