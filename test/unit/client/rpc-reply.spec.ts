import { callTimings } from '../../../lib/client/rpc-reply.js';
import { seededRandom } from '../../support/seeded-random.js';

describe('the timings of a call', () => {
  it('tell the three parts when the clocks agree', () => {
    const timings = callTimings({ totalMs: 10, sentAtMs: 100, receivedAtMs: 102, repliedAtMs: 107 });
    expect(timings).toEqual({ totalMs: 10, serverMs: 5, requestFlightMs: 2, replyFlightMs: 3 });
  });

  it('have no flight below zero when the clocks are off', () => {
    const early = callTimings({ totalMs: 10, sentAtMs: 100, receivedAtMs: 90, repliedAtMs: 95 });
    expect(early).toEqual({ totalMs: 10, serverMs: 5, requestFlightMs: 0, replyFlightMs: 5 });
    const late = callTimings({ totalMs: 10, sentAtMs: 100, receivedAtMs: 990, repliedAtMs: 995 });
    expect(late).toEqual({ totalMs: 10, serverMs: 5, requestFlightMs: 5, replyFlightMs: 0 });
  });

  it('add up to the total and are never negative, whatever the clocks say', () => {
    const random = seededRandom(5);
    for (let i = 0; i < 2_000; i++) {
      const [totalMs, sentAtMs, receivedAtMs, repliedAtMs] = Array.from(
        { length: 4 },
        () => (random.next() - 0.2) * 10 ** random.integer(6),
      ) as [number, number, number, number];
      const facts = { totalMs: Math.abs(totalMs), sentAtMs, receivedAtMs, repliedAtMs };
      const { serverMs, requestFlightMs, replyFlightMs } = callTimings(facts);
      expect(Math.min(serverMs, requestFlightMs, replyFlightMs)).toBeGreaterThanOrEqual(0);
      expect(serverMs + requestFlightMs + replyFlightMs).toBeCloseTo(facts.totalMs, 5);
    }
  });
});
