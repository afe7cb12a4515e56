import { destination, OutboxBench } from '../../support/outbox-bench.js';
import { turns } from '../../support/until.js';

describe('Outbox has a lane per broker', () => {
  let bench: OutboxBench;

  beforeEach(() => {
    bench = new OutboxBench();
    bench.producer.leaderOf = ({ partition }) => partition;
  });

  it('of which a slow one does not delay another', async () => {
    const [slow, quick] = [destination(0), destination(1)];
    bench.send(slow, 1);
    bench.send(quick, 2);
    await turns(2);
    expect(bench.sent).toEqual([[[1]], [[2]]]);
    for (let seq = 3; seq < 8; seq++) {
      bench.send(slow, seq * 10);
      bench.send(quick, seq);
      bench.producer.last.acknowledge();
      await turns(2);
      expect(bench.producer.last.seqs).toEqual([[seq]]);
    }
    bench.producer.requests[0]!.acknowledge();
    await turns(2);
    expect(bench.producer.last.seqs).toEqual([[30, 40, 50, 60, 70]]);
  });

  it('in which a destination stays until it is empty, though its leader changes', async () => {
    const to = destination(0);
    bench.send(to, 1);
    await turns(2);
    bench.producer.leaderOf = () => 7;
    bench.send(to, 2);
    await turns(2);
    expect(bench.sent).toEqual([[[1]]]);
    bench.producer.last.acknowledge();
    await turns(2);
    expect(bench.sent).toEqual([[[1]], [[2]]]);
  });

  it('to which a destination that was empty comes by its leader of now', async () => {
    const [to, other] = [destination(0), destination(7)];
    bench.send(to, 1);
    bench.send(other, 2);
    await turns(2);
    for (const request of bench.producer.requests) request.acknowledge();
    await turns(2);
    bench.producer.leaderOf = () => 7;
    bench.send(other, 3);
    bench.send(to, 4);
    await turns(2);
    expect(bench.producer.last.seqs).toEqual([[3], [4]]);
  });

  it('and one for partitions whose leader is not known', async () => {
    bench.producer.leaderOf = () => undefined;
    bench.send(destination(0), 1);
    bench.send(destination(1), 2);
    await turns(2);
    expect(bench.sent).toEqual([[[1], [2]]]);
  });
});
