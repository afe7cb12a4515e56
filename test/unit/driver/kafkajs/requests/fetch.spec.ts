import { fetchRequest, type FetchPlace } from '../../../../../lib/driver/kafkajs/requests/fetch.js';
import { maxBatchBytes, writeBatch } from '../../../../../lib/driver/kafkajs/requests/record-batch.js';
import { RequestWriter } from '../../../../../lib/driver/kafkajs/requests/request-writer.js';
import { ResponseReader } from '../../../../../lib/driver/kafkajs/requests/response-reader.js';

const NOT_LEADER = 6;
const LIMITS = { maxWaitMs: 500, maxBytes: 1_000_000 };

const place = (topic: string, partition: number, offset = 0n): FetchPlace => ({ topic, partition, offset });

interface Answer {
  readonly code?: number;
  readonly values?: readonly string[];
  readonly abortedTransactions?: number;
}

const answerOf = (topic: string, partitions: readonly Answer[]): Buffer => {
  const writer = new RequestWriter(10_000);
  writer.int32(25); // throttle time
  writer.int32(1);
  writer.string(topic);
  writer.int32(partitions.length);
  partitions.forEach(({ code = 0, values = [], abortedTransactions = -1 }, partition) => {
    writer.int32(partition);
    writer.int16(code);
    writer.int64(9n);
    writer.int64(9n);
    writer.int32(abortedTransactions);
    for (let i = 0; i < abortedTransactions * 2; i++) writer.int64(1n);
    const records = values.map((value) => ({ topic, partition, value: Buffer.from(value) }));
    const batch = new RequestWriter(maxBatchBytes(records));
    if (records.length > 0) writeBatch(batch, records, 0);
    writer.int32(batch.length);
    writer.bytes(batch.written());
  });
  return writer.written();
};

const read = (places: readonly FetchPlace[], answer: Buffer) =>
  fetchRequest(places, LIMITS).read(new ResponseReader(answer));

describe('a fetch', () => {
  it('asks for each place in the order given, neighbours of one topic together', () => {
    const places = [place('b', 3, 7n), place('b', 1, 8n), place('a', 0, 9n), place('b', 2, 10n)];
    const request = fetchRequest(places, LIMITS);
    const writer = new RequestWriter(request.maxBytes);
    request.write(writer);
    const reader = new ResponseReader(writer.written());
    expect([reader.int32(), reader.int32(), reader.int32(), reader.int32()]).toEqual([-1, 500, 1, 1_000_000]);
    reader.skip(1);
    const asked = Array.from({ length: reader.int32() }, () => ({
      topic: reader.string(),
      partitions: Array.from({ length: reader.int32() }, () => {
        const partition = reader.int32();
        const offset = reader.int64();
        reader.skip(4);
        return [partition, offset];
      }),
    }));
    expect(asked).toEqual([
      {
        topic: 'b',
        partitions: [
          [3, 7n],
          [1, 8n],
        ],
      },
      { topic: 'a', partitions: [[0, 9n]] },
      { topic: 'b', partitions: [[2, 10n]] },
    ]);
    expect(reader.remaining).toBe(0);
  });

  it('brings what partitions have although another one failed, and says which', () => {
    const places = [place('a', 0), place('a', 1), place('a', 2)];
    const answer = answerOf('a', [{ values: ['x', 'y'] }, { code: NOT_LEADER }, { values: ['z'] }]);
    const { value } = read(places, answer);
    const seen = value.map(({ partition, error, records, next }) => [
      partition,
      (error as { type?: string } | undefined)?.type,
      records.map((record) => String(record.value)),
      next,
    ]);
    expect(seen).toEqual([
      [0, undefined, ['x', 'y'], 2n],
      [1, 'NOT_LEADER_FOR_PARTITION', [], 0n],
      [2, undefined, ['z'], 1n],
    ]);
  });

  it('tells nothing of partitions that have nothing, and reads over aborted transactions', () => {
    const answer = answerOf('a', [{ abortedTransactions: 2 }, { abortedTransactions: 1, values: ['x'] }]);
    const { value } = read([place('a', 0), place('a', 1)], answer);
    expect(value.map(({ partition }) => partition)).toEqual([1]);
  });

  it('passes on how long the broker wants to be left alone', () => {
    const { throttleMs } = read([place('a', 0)], answerOf('a', [{}]));
    expect(throttleMs).toBe(25);
  });

  it('takes a pause that no broker asks for as one of a minute, or none: its bytes have no checksum', () => {
    const answer = answerOf('a', [{}]);
    const pauseOf = (throttleMs: number): number => {
      answer.writeInt32BE(throttleMs, 0);
      return read([place('a', 0)], answer).throttleMs;
    };
    expect([pauseOf(59_999), pauseOf(0x4000_0019), pauseOf(-25)]).toEqual([59_999, 60_000, 0]);
  });

  it('fails for an answer that ends too early', () => {
    const answer = answerOf('a', [{ values: ['x'] }]);
    expect(() => read([place('a', 0)], answer.subarray(0, 30))).toThrow(RangeError);
  });

  it('tells for how long the broker wants to be left alone, as a quota is used up', () => {
    const heard: number[] = [];
    const onThrottled = (throttleMs: number): void => void heard.push(throttleMs);
    const request = fetchRequest([place('a', 0)], { ...LIMITS, onThrottled });
    request.read(new ResponseReader(answerOf('a', [{}])));
    request.read(new ResponseReader(Buffer.alloc(8)));
    expect(heard).toEqual([25]);
  });
});
