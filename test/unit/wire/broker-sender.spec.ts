import { RpcError } from 'nestjs-kafka-rpc';
import { destination, OutboxBench } from '../../support/outbox-bench.js';
import { turns } from '../../support/until.js';

const KIB = 1_024;

describe('Outbox has a sender per broker', () => {
  let bench: OutboxBench;

  beforeEach(() => {
    bench = new OutboxBench({ maxRecordBytes: 200 * KIB, maxQueuedBytes: 10_000 * KIB });
    bench.producer.leaderOf = ({ partition }) => partition;
  });

  it('of which a slow one does not delay another', async () => {
    const [slow, quick] = [destination(0), destination(1)];
    bench.sendSized(slow, 1, 5 * KIB);
    bench.sendSized(quick, 2, 5 * KIB);
    await turns(2);
    expect(bench.sent).toEqual([[[1]], [[2]]]);
    for (let seq = 3; seq < 8; seq++) {
      bench.send(slow, seq * 10);
      bench.sendSized(quick, seq, 5 * KIB);
      bench.producer.last.acknowledge();
      await turns(2);
      expect(bench.producer.last.seqs).toEqual([[seq]]);
    }
    bench.producer.requests[0]!.acknowledge();
    await turns(2);
    expect(bench.producer.last.seqs).toEqual([[30, 40, 50, 60, 70]]);
  });

  it('which lets a small message leave at once while little is in flight', async () => {
    const to = destination(0);
    for (let seq = 1; seq <= 4; seq++) {
      bench.send(to, seq);
      await turns(2);
    }
    expect(bench.sent).toEqual([[[1]], [[2]], [[3]], [[4]]]);
  });

  it('which has five requests in flight at most', async () => {
    const to = destination(0);
    for (let seq = 1; seq <= 9; seq++) {
      bench.send(to, seq);
      await turns(2);
    }
    expect(bench.sent).toHaveLength(5);
    bench.producer.requests[0]!.acknowledge();
    await turns(2);
    expect(bench.sent[5]).toEqual([[6, 7, 8, 9]]);
  });

  it('which packs what is sent while much is in flight', async () => {
    const to = destination(0);
    bench.sendSized(to, 1, 5 * KIB);
    for (let seq = 2; seq <= 9; seq++) {
      await turns(2);
      bench.send(to, seq);
    }
    await turns(2);
    expect(bench.sent).toEqual([[[1]]]);
    bench.producer.last.acknowledge();
    await turns(2);
    expect(bench.sent[1]).toEqual([[2, 3, 4, 5, 6, 7, 8, 9]]);
  });

  it('which sends what fills a record, though much is in flight', async () => {
    const to = destination(0);
    bench.sendSized(to, 0, 200 * KIB);
    await turns(2);
    bench.producer.last.acknowledge();
    bench.sendSized(to, 1, 100 * KIB);
    await turns(2);
    bench.sendSized(to, 2, 40 * KIB);
    await turns(2);
    expect(bench.sent).toEqual([[[0]], [[1]]]);
    bench.sendSized(to, 3, 40 * KIB);
    await turns(2);
    expect(bench.sent).toEqual([[[0]], [[1]], [[2, 3]]]);
  });

  it('which sends no more before it is answered than was taken lately without a word: the broker may throttle', async () => {
    const to = destination(0);
    for (let seq = 0; seq < 16; seq++) bench.sendSized(to, seq, 66 * KIB);
    const requestSizes: number[] = [];
    while (requestSizes.length < 5) {
      await turns(3);
      requestSizes.push(bench.sent.length);
      bench.producer.last.acknowledge();
    }
    const sizes = bench.sent.map((request) => request.length);
    expect(requestSizes).toEqual([1, 2, 3, 4, 5]);
    expect(sizes).toEqual([1, 1, 2, 4, 8]);
  });

  it('which does not wait for a record that is tried again, and keeps what is behind that in its order', async () => {
    const [stuck, other] = [destination(0), destination(0, 'other')];
    bench.sendSized(stuck, 1, 5 * KIB);
    bench.send(other, 2);
    await turns(2);
    const [first, second] = bench.producer.last.batches;
    first!.options.onDelayed?.(new RpcError('UNAVAILABLE', 'no leader'));
    second!.acknowledge();
    bench.send(stuck, 3);
    bench.send(other, 4);
    await turns(2);
    expect(bench.producer.last.seqs).toEqual([[4]]);
    first!.acknowledge();
    await turns(2);
    expect(bench.producer.last.seqs).toEqual([[3]]);
    bench.producer.requests.forEach((request) => request.acknowledge());
    await bench.outbox.idle();
    expect(bench.delivered).toEqual([2, 1, 4, 3].map((seq) => [seq, 'ok']));
  });

  it('chosen by the leader of now', async () => {
    const [to, other] = [destination(0), destination(7)];
    bench.send(to, 1);
    bench.send(other, 2);
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
