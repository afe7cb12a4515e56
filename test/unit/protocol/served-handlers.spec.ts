import {
  decodeServedHandlers,
  encodeServedHandlers,
  servedHandlers,
} from '../../../lib/protocol/served-handlers.js';

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `orders.pattern-${i}`);

describe('what servers tell one another of what they serve', () => {
  it('comes back as it went', () => {
    const served = servedHandlers('a1', ['sum.sub', 'sum.add'], ['rpc.sum.requests'], ['ask']);
    expect(decodeServedHandlers(encodeServedHandlers(served))).toEqual({
      server: 'a1',
      hash: served.hash,
      patterns: ['sum.add', 'sum.sub'],
      topics: ['rpc.sum.requests'],
      capabilities: ['ask'],
    });
  });

  it('does not depend on the order of the handlers', () => {
    const [one, other] = [servedHandlers('a', ['x', 'y'], []), servedHandlers('b', ['y', 'x'], [])];
    expect(one.hash).toBe(other.hash);
  });

  it('fits into 4 KiB, and differs when handlers differ that are not listed any more', () => {
    const names = many(5_000);
    const [one, other] = [servedHandlers('a', names, ['t']), servedHandlers('a', [...names, 'z'], ['t'])];
    expect(encodeServedHandlers(one).length).toBeLessThanOrEqual(4_096);
    expect(one.patterns).toEqual(other.patterns);
    expect(one.hash).not.toBe(other.hash);
  });

  it('fits into 4 KiB with the longest names of topics', () => {
    const topics = Array.from({ length: 60 }, (_, i) => `${i}${'t'.repeat(240)}`);
    const bytes = encodeServedHandlers(servedHandlers('a', many(100), topics));
    expect(bytes.length).toBeLessThanOrEqual(4_096);
    expect(decodeServedHandlers(bytes)?.topics.length).toBeGreaterThan(0);
  });

  it.each([
    ['nothing', ''],
    ['text', 'not JSON'],
    ['null', 'null'],
    ['a number', '7'],
    ['other names', '{"server":"a"}'],
    ['lists of other things', '{"server":"a","hash":"h","patterns":[1],"topics":[]}'],
    ['too much', JSON.stringify({ server: 'a'.repeat(5_000), hash: 'h', patterns: [], topics: [] })],
  ])('is passed over when it is %s', (_, text) => {
    expect(decodeServedHandlers(Buffer.from(text))).toBeUndefined();
  });
});
