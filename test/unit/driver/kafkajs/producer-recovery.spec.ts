import { randomInt } from 'node:crypto';
import type { ProduceAck } from '../../../../lib/driver/driver.js';
import { deferred } from '../../../support/deferred.js';
import { CODE, type Fault } from '../../../support/played-broker.js';
import { ProducerBench } from '../../../support/producer-bench.js';
import { seededRandom } from '../../../support/seeded-random.js';
import { turns, until } from '../../../support/until.js';

describe('Producer', () => {
  let bench: ProducerBench;

  beforeEach(() => {
    bench = new ProducerBench();
  });

  afterEach(() => bench.closing.abort());

  it('leaves a broker whose connection broke alone until it is known who leads instead', async () => {
    const leads = deferred();
    await bench.warm(0, 1);
    bench.broker.recovered = leads.promise;
    bench.once('a', { breaks: 'before' });
    void bench.produce('a');
    await until(() => bench.broker.recoveries > 0);
    const other = bench.produce('b', 1);
    await turns(5);
    expect(bench.broker.requests).toHaveLength(1);
    leads.resolve();
    await other;
    expect(bench.log(1)).toEqual(['b']);
  });

  describe('gives up a batch whose time is over', () => {
    it('with what the last attempt failed with', async () => {
      await bench.warm(0);
      bench.broker.fault = () => ({ code: CODE.unknownTopic });
      await expect(bench.produce('a', 0, { timeoutMs: 120 })).rejects.toMatchObject({
        status: 'FAILED_PRECONDITION',
        message: expect.stringContaining('orders[0]') as string,
      });
    });

    it('at once when the topic has no such partition any more, and goes on should it come back', async () => {
      await bench.warm(2);
      bench.broker.partitions = 2;
      bench.broker.leaderOf = ({ partition }) => (partition < bench.broker.partitions ? 1 : undefined);
      await expect(bench.produce('a', 2, { timeoutMs: 600_000 })).rejects.toMatchObject({
        status: 'UNAVAILABLE',
        message: expect.stringContaining('Partition 2 of orders is gone') as string,
      });
      bench.broker.partitions = 3;
      await bench.produce('b', 2);
      expect(bench.log(2)).toEqual(['b']);
    });

    it('and appends what is behind it, once, when it was not appended', async () => {
      await bench.warm(0);
      bench.broker.fault = ({ texts }) => (texts.includes('a') ? { breaks: 'before' } : undefined);
      const lost = expect(bench.produce('a', 0, { timeoutMs: 80 })).rejects.toMatchObject({
        status: 'UNAVAILABLE',
      });
      await turns(1);
      const behind = ['b', 'c'].map((text) => bench.produce(text));
      await lost;
      await Promise.all(behind);
      expect(bench.log()).toEqual(['b', 'c']);
    });

    it('and appends what is behind it, once, when it was appended after all', async () => {
      await bench.warm(0);
      bench.broker.fault = ({ texts }) => (texts.includes('a') ? { breaks: 'after' } : undefined);
      let isDelayed = false;
      const onDelayed = (): void => void (isDelayed = true);
      const lost = expect(bench.produce('a', 0, { timeoutMs: 80, onDelayed })).rejects.toMatchObject({
        status: 'UNAVAILABLE',
      });
      await until(() => isDelayed);
      const behind = ['b', 'c'].map((text) => bench.produce(text));
      await lost;
      await Promise.all(behind);
      expect(bench.log()).toEqual(['a', 'b', 'c']);
      expect(bench.broker.received.at(-1)).toMatchObject({ epoch: 0 });
    });

    it('of which the answer was lost, when what came behind it was acknowledged: then the broker has it', async () => {
      await bench.warm(0);
      bench.once('a', { breaks: 'after' });
      const [first, second] = [bench.produce('a'), turns(1).then(() => bench.produce('b'))];
      await Promise.all([first, second]);
      expect(bench.log()).toEqual(['a', 'b']);
    });
  });

  describe('goes on with the producer', () => {
    it('of a broker that lost what it had: with a new epoch, from sequence 0', async () => {
      await bench.warm(0);
      await bench.produce('a');
      await bench.produce('b');
      // Its end is lost, and the producer is known by another batch.
      bench.once('c', { code: CODE.outOfOrderSequence });
      const acks = [bench.produce('c'), bench.produce('d')];
      await Promise.all(acks);
      expect(bench.log()).toEqual(['a', 'b', 'c', 'd']);
      expect(bench.broker.received.at(-1)).toMatchObject({ epoch: 1 });
    });

    it('that the broker does not know any more', async () => {
      await bench.warm(0);
      bench.once('a', { code: CODE.unknownProducerId });
      await Promise.all([bench.produce('a'), bench.produce('b')]);
      expect(bench.log()).toEqual(['a', 'b']);
    });

    it('of another id, when the broker has a newer one of this', async () => {
      await bench.warm(0);
      bench.once('a', { code: CODE.invalidProducerEpoch });
      await Promise.all([bench.produce('a'), bench.produce('b')]);
      expect(bench.log()).toEqual(['a', 'b']);
      expect(bench.broker.idsGiven).toBe(2);
    });
  });

  describe('without the right to produce idempotently', () => {
    it('says so once, and goes on with one batch of a partition in flight', async () => {
      bench.broker.idCode = CODE.clusterAuthorization;
      const acks: Promise<ProduceAck>[] = [];
      for (const text of ['a', 'b', 'c']) {
        acks.push(bench.produce(text));
        await turns(1);
      }
      await Promise.all(acks);
      expect(bench.log()).toEqual(['a', 'b', 'c']);
      expect(bench.broker.received.every(({ producerId }) => producerId === -1n)).toBe(true);
      expect([bench.warnings.length, bench.broker.mostInFlight]).toEqual([1, 1]);
      expect(bench.warnings[0]).toContain('IdempotentWrite');
    });

    it('loses and reorders nothing when the broker finds out late', async () => {
      await bench.warm(0);
      bench.broker.fault = ({ producerId }) =>
        producerId >= 0n ? { code: CODE.clusterAuthorization } : undefined;
      await Promise.all(['a', 'b', 'c'].map((text) => bench.produce(text)));
      expect(bench.log()).toEqual(['a', 'b', 'c']);
    });
  });

  it('loses nothing, doubles nothing and keeps the order, whatever is answered and whatever breaks', async () => {
    const seed = randomInt(2 ** 31);
    const random = seededRandom(seed);
    const faults: readonly Fault[] = [
      { code: CODE.notLeader },
      { codeAfter: CODE.timedOut },
      { codeAfter: CODE.notLeader },
      { breaks: 'before' },
      { breaks: 'after' },
      { code: CODE.notEnoughReplicas },
    ];
    bench.broker.fault = () => (random.next() < 0.2 ? random.pick(faults) : undefined);
    const acks: Promise<ProduceAck>[] = [];
    for (let i = 0; i < 300; i++) {
      acks.push(bench.produce(String(i), i % 3));
      if (random.next() < 0.5) await turns(1);
    }
    await Promise.all(acks);
    for (const partition of [0, 1, 2]) {
      const expected = Array.from({ length: 100 }, (_, i) => String(i * 3 + partition));
      expect({ seed, log: bench.log(partition) }).toEqual({ seed, log: expected });
    }
    await until(() => bench.broker.inFlight === 0);
  });
});
