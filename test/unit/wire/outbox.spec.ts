import type { WireInterceptor } from '../../../lib/wire/wire-interceptor.js';
import { destination, OutboxBench } from '../../support/outbox-bench.js';
import { turns } from '../../support/until.js';

describe('Outbox', () => {
  let bench: OutboxBench;

  beforeEach(() => {
    bench = new OutboxBench();
  });

  describe('with nothing on its way', () => {
    it('sends a message at the end of this turn of the event loop, alone, without a timer', async () => {
      bench.send(destination(0), 1);
      expect(bench.sent).toEqual([]);
      await new Promise(setImmediate);
      expect(bench.sent).toEqual([[[1]]]);
      expect(bench.producer.last.records).toMatchObject([
        { topic: 'rpc.sum.requests', partition: 0, key: null, headers: { rpc: Buffer.from('envelope') } },
      ]);
    });

    it('sends all of one turn in one request, a record per destination', async () => {
      const [zero, one] = [destination(0), destination(1)];
      bench.send(zero, 1);
      bench.send(one, 2);
      bench.send(zero, 3);
      await turns(2);
      expect(bench.sent).toEqual([[[1, 3], [2]]]);
    });

    it('passes on which acknowledgement is wanted', async () => {
      bench = new OutboxBench({ acks: 1 });
      bench.send(destination(0), 1);
      await turns(2);
      expect(bench.producer.last.acks).toBe(1);
    });
  });

  describe('to whoever may choose a destination', () => {
    const KIB = 1_024;

    beforeEach(() => {
      bench = new OutboxBench({ maxRecordBytes: 100 * KIB, maxQueuedBytes: 1_000 * KIB });
    });

    it('tells that a record waits to be filled, until it has left', async () => {
      const [zero, one] = [destination(0), destination(1)];
      expect(bench.outbox.isFilling(zero)).toBe(false);
      bench.send(zero, 1);
      expect([bench.outbox.isFilling(zero), bench.outbox.isFilling(one)]).toEqual([true, false]);
      await turns(2);
      expect(bench.outbox.isFilling(zero)).toBe(false);
      bench.send(zero, 2);
      expect(bench.outbox.isFilling(zero)).toBe(true);
    });

    it('tells of none that is large already', () => {
      const zero = destination(0);
      bench.sendSized(zero, 1, 64 * KIB);
      expect(bench.outbox.isFilling(zero)).toBe(false);
    });

    it('tells of none where more than one waits: they would not fit into one request', () => {
      const zero = destination(0);
      bench.sendSized(zero, 1, 60 * KIB);
      bench.sendSized(zero, 2, 60 * KIB);
      expect(bench.outbox.isFilling(zero)).toBe(false);
    });
  });

  describe('with much on its way', () => {
    it('packs all that waits for a partition into one record, and all records into one request', async () => {
      bench = new OutboxBench({ maxRecordBytes: 10_000 });
      const destinations = [destination(0), destination(1)] as const;
      bench.sendSized(destinations[0], 0, 5_000);
      await turns(2);
      for (let seq = 1; seq <= 40; seq++) {
        bench.send(destinations[seq % 2]!, seq);
        if (seq % 7 === 0) await turns(1);
      }
      expect(bench.sent).toHaveLength(1);
      bench.producer.last.acknowledge();
      await turns(2);
      const numbers = Array.from({ length: 40 }, (_, i) => i + 1);
      const [odd, even] = [1, 0].map((rest) => numbers.filter((seq) => seq % 2 === rest));
      expect(bench.sent).toHaveLength(2);
      expect(new Set(bench.sent[1])).toEqual(new Set([odd, even]));
    });

    it('keeps the order per destination over any number of requests', async () => {
      bench = new OutboxBench({ maxRecordBytes: 100 });
      const to = destination(0);
      const arrived: number[] = [];
      const acknowledgeAll = async (): Promise<void> => {
        await turns(2);
        for (const request of bench.producer.requests.splice(0)) {
          arrived.push(...request.seqs.flat());
          request.acknowledge();
        }
      };
      for (let seq = 0; seq < 100; seq++) {
        bench.send(to, seq);
        if (seq % 9 === 0) await acknowledgeAll();
      }
      while (arrived.length < 100) await acknowledgeAll();
      expect(arrived).toEqual(Array.from({ length: 100 }, (_, i) => i));
    });
  });

  describe('tells every delivery', () => {
    it('once the broker has it, not before', async () => {
      bench.send(destination(0), 1, 2);
      await turns(2);
      expect(bench.delivered).toEqual([]);
      bench.producer.last.acknowledge();
      await turns(2);
      expect(bench.delivered).toEqual([
        [1, 'ok'],
        [2, 'ok'],
      ]);
    });

    it('of the failure of its request, and goes on with the next', async () => {
      const to = destination(0);
      bench.send(to, 1, 2);
      bench.send(destination(1), 3);
      await turns(2);
      bench.producer.last.fail(new Error('socket closed'));
      await turns(2);
      bench.send(to, 4);
      await turns(2);
      expect(bench.delivered).toEqual([1, 2, 3].map((seq) => [seq, 'UNKNOWN']));
      expect(bench.sent[1]).toEqual([[4]]);
      bench.producer.last.acknowledge();
      await turns(2);
      expect(bench.delivered[3]).toEqual([4, 'ok']);
    });

    it('of a driver that fails before it gives a promise', async () => {
      bench.producer.produce = () => {
        throw new Error('closed');
      };
      bench.send(destination(0), 1);
      await turns(2);
      expect(bench.delivered).toEqual([[1, 'UNKNOWN']]);
      await bench.outbox.idle();
    });

    it('of a stage that fails, which harms no other record', async () => {
      const picky: WireInterceptor = {
        name: 'picky',
        encode: (bytes, { topic }) => {
          if (topic === 'bad') throw new Error('no key');
          return bytes;
        },
        decode: (bytes) => bytes,
      };
      bench = new OutboxBench({}, [picky]);
      bench.send(destination(0, 'bad'), 1);
      bench.send(destination(0), 2);
      await turns(2);
      expect(bench.delivered).toEqual([[1, 'UNKNOWN']]);
      expect(bench.sent).toEqual([[[2]]]);
    });

    it('of an asynchronous stage that fails, when no record is left to send', async () => {
      const encode = (): Promise<never> => Promise.reject(new Error('no key'));
      bench = new OutboxBench({}, [{ name: 'broken', encode, decode: (bytes) => bytes }]);
      bench.send(destination(0), 1);
      await turns(4);
      expect([bench.delivered, bench.sent]).toEqual([[[1, 'UNKNOWN']], []]);
      await bench.outbox.idle();
    });
  });

  describe('idle()', () => {
    it('resolves at once when nothing was sent', async () => {
      await bench.outbox.idle();
    });

    it('resolves when nothing waits and nothing is on its way', async () => {
      const to = destination(0);
      bench.send(to, 1);
      let isIdle = false;
      const idle = bench.outbox.idle().then(() => (isIdle = true));
      await turns(2);
      bench.send(to, 2);
      bench.producer.last.acknowledge();
      await turns(2);
      expect(isIdle).toBe(false);
      bench.producer.last.acknowledge();
      await idle;
    });

    it('resolves after a failure, too', async () => {
      bench.send(destination(0), 1);
      const idle = bench.outbox.idle();
      await turns(2);
      bench.producer.last.fail(new Error('gone'));
      await idle;
    });
  });

  it('learns the broker’s clock from what is acknowledged', async () => {
    bench.send(destination(0), 1);
    await turns(2);
    bench.producer.last.acknowledge(61_000);
    await turns(1);
    expect(bench.clock.now()).toBeCloseTo(61_000, -1);
  });
});
