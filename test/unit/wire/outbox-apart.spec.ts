import type { WireContext, WireInterceptor } from '../../../lib/wire/wire-interceptor.js';
import { destination, OutboxBench, sizedMessage } from '../../support/outbox-bench.js';
import { turns } from '../../support/until.js';

describe('Outbox, with messages that a stage keeps apart', () => {
  const seen: WireContext[] = [];
  const stage: WireInterceptor = {
    name: 'seeing',
    encode: (bytes, context) => (seen.push(context), bytes),
    decode: (bytes) => bytes,
  };
  let bench: OutboxBench;

  beforeEach(() => {
    seen.splice(0);
    bench = new OutboxBench({ maxRecordBytes: 10_000 }, [stage]);
  });

  it('puts them into records of their own, in the order sent, and tells the stages', async () => {
    const to = destination(0);
    [false, false, true, true, false, true].forEach((isApart, i) =>
      bench.outbox.send(to, sizedMessage(i + 1), undefined, isApart),
    );
    await turns(2);
    expect(bench.sent).toEqual([[[1, 2], [3, 4], [5], [6]]]);
    expect(seen.map(({ isApart = false }) => isApart)).toEqual([false, true, false, true]);
  });

  it('keeps them in one queue with the others under load', async () => {
    const to = destination(0);
    bench.send(to, 1);
    await turns(2);
    for (let seq = 2; seq <= 40; seq++) bench.outbox.send(to, sizedMessage(seq), undefined, seq % 3 === 0);
    for (let request = 0; request < 10 && bench.sent.flat(2).length < 40; request++) {
      bench.producer.last.acknowledge();
      await turns(2);
    }
    expect(bench.sent.flat(2)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });
});
