import { BrokerTimes } from '../../../lib/server/broker-times.js';
import { BrokerClock } from '../../../lib/wire/broker-clock.js';
import { Codec } from '../../../lib/wire/codec.js';
import { json } from '../../../lib/wire/serializers/json.js';
import { REPLIES } from '../../support/incoming-calls.js';
import { PlayedProducer } from '../../support/played-producer.js';
import { turns } from '../../support/until.js';

const START_MS = 1_700_000_000_000;

describe('BrokerTimes', () => {
  let nowMs = START_MS;
  let producer: PlayedProducer;
  let clock: BrokerClock;
  let times: BrokerTimes;

  beforeEach(() => {
    nowMs = START_MS;
    producer = new PlayedProducer();
    producer.leaderOf = ({ partition }) => partition % 3;
    clock = new BrokerClock(() => nowMs);
    const destinations = [0, 1, 2, 3, 4, 5].map((partition) => ({ ...REPLIES, partition }));
    times = new BrokerTimes({ connection: producer as never, codec: new Codec(json()), clock, destinations });
  });

  const answer = async (index: number, afterMs: number, aheadMs = 0): Promise<void> => {
    nowMs += afterMs;
    producer.requests[index]!.acknowledge(Math.floor(nowMs + aheadMs));
    await turns(1);
  };

  it('asks each broker that leads a reply partition once, and again where the answer was slow', async () => {
    const learning = times.learn();
    await turns(1);
    expect(producer.requests.map(({ records }) => records[0]!.partition).sort()).toEqual([0, 1, 2]);
    for (const index of [0, 1, 2]) await answer(index, index === 2 ? 300 : 0, 7_000);
    expect(producer.requests).toHaveLength(4);
    await answer(3, 1, 7_000);
    await learning;
    expect(clock.boundsOf(2)!.widthMs).toBeLessThan(5);
  });

  it('waits for the first that answers, and fails as the question did when none does', async () => {
    const learning = times.learn();
    await turns(1);
    producer.requests[0]!.fail(new Error('broker 0 is away'));
    await answer(1, 1);
    producer.requests[2]!.fail(new Error('broker 2 is away'));
    await learning;
    const again = times.learn();
    await turns(1);
    for (const request of producer.requests.slice(-3)) request.fail(new Error('no right'));
    await expect(again).rejects.toThrow('no right');
  });

  it('asks a broker once at a time, and at most ten times a second', async () => {
    const first = times.ask(1);
    expect(times.ask(1)).toBe(first);
    await turns(1);
    expect(producer.requests).toHaveLength(1);
    await answer(0, 5);
    await first;
    expect(times.ask(1)).toBeUndefined();
    nowMs += 101;
    expect(times.ask(1)).toBeDefined();
  });

  it('does not ask a broker that leads no reply partition', () => {
    expect(times.ask(7)).toBeUndefined();
    expect(times.ask(undefined)).toBeUndefined();
    expect(producer.requests).toHaveLength(0);
  });

  it('never rejects where it asks because of a late call', async () => {
    const asked = times.ask(0);
    await turns(1);
    producer.last.fail(new Error('away'));
    await expect(asked).resolves.toBeUndefined();
  });
});
