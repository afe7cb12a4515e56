import { Counters } from '../../../lib/diagnostics/counters.js';
import type { Message } from '../../../lib/protocol/message.js';
import { Callers } from '../../../lib/server/caller.js';
import { RequestIntake } from '../../../lib/server/request-intake.js';
import { RequestClock } from '../../../lib/server/request-clock.js';
import { BrokerClock } from '../../../lib/wire/broker-clock.js';
import { Codec } from '../../../lib/wire/codec.js';
import { json } from '../../../lib/wire/serializers/json.js';
import { request, requestEnvelope, SERVER_ID } from '../../support/incoming-calls.js';
import { NOTHING_DELAYED, NOTHING_KEPT, OPEN_GATE, requestRecord } from '../../support/request-records.js';

const COUNT = 20_000;
const BUCKETS = 2 ** 14;

/** Undoes `x ^ (x >>> shift)`. */
const unshift = (mixed: number, shift: number): number => {
  let number = mixed;
  for (let known = shift; known < 32; known += shift) number = mixed ^ (number >>> shift);
  return number >>> 0;
};

/** What divides by an odd number, modulo 2^32. */
const inverse = (odd: number): number => {
  let found = odd;
  for (let round = 0; round < 5; round++) found = Math.imul(found, 2 - Math.imul(odd, found));
  return found;
};

/** The number that has this hash in a Map or a Set: how V8 hashes numbers is open to everybody. */
const numberOfHash = (hash: number): number => {
  const multiplied = unshift(hash, 16);
  const shifted = unshift(Math.imul(multiplied, inverse(2057)) >>> 0, 4);
  const rotated = unshift(Math.imul(shifted, inverse(5)) >>> 0, 12);
  return Math.imul(rotated + 1, inverse(2 ** 15 - 1)) >>> 0;
};

/** Numbers of one bucket of a Set. */
const chosenNumbers = (): number[] => {
  const numbers: number[] = [];
  for (let i = 1; numbers.length < COUNT && i < 2 ** 18; i++) {
    const number = numberOfHash(i * BUCKETS);
    if (number < 2 ** 31) numbers.push(number);
  }
  return numbers;
};

describe('RequestIntake, of a record whose numbers a stranger chose', () => {
  const takeMs = (messages: readonly Message[]): number => {
    const intake = new RequestIntake({
      callers: new Callers(SERVER_ID, new Codec(json())),
      clock: new RequestClock(new BrokerClock(() => 500)),
      counters: new Counters(),
      replyTopic: { topic: 'rpc.replies', partitions: 8 },
      onCall: () => undefined,
      onRefused: () => undefined,
      gate: OPEN_GATE,
      delayed: NOTHING_DELAYED,
      idempotent: NOTHING_KEPT,
    });
    const begin = performance.now();
    intake.onMessages(messages, requestEnvelope(), requestRecord());
    return performance.now() - begin;
  };
  const leastMs = (messages: readonly Message[]): number =>
    Math.min(...Array.from({ length: 3 }, () => takeMs(messages)));
  const inOrder = Array.from({ length: COUNT }, (_, at) => at + 1);

  it.each<[string, (seq: number) => Message, () => number[]]>([
    ['requests 2^32 apart', (seq) => request({ seq }), () => inOrder.map((at) => at * 2 ** 32)],
    ['cancels of one bucket', (seq) => ({ kind: 'cancel', seq }), chosenNumbers],
  ])('is about as fast for %s as for others', (_what, messageOf, numbers) => {
    const plainMs = leastMs(inOrder.map(messageOf));
    expect(leastMs(numbers().map(messageOf))).toBeLessThan(10 * plainMs + 50);
  });
});
