import type { RpcError } from '../../../lib/errors/rpc-error.js';
import type { Message } from '../../../lib/protocol/message.js';
import { destination, OutboxBench, sizedMessage } from '../../support/outbox-bench.js';
import { turns } from '../../support/until.js';

const errorOf = (work: () => void): RpcError => {
  try {
    work();
  } catch (error) {
    return error as RpcError;
  }
  throw new Error('It was taken.');
};

describe('Outbox', () => {
  let bench: OutboxBench;

  beforeEach(() => {
    bench = new OutboxBench({ maxRecordBytes: 1_000 });
  });

  it('sends no record over maxRecordBytes', async () => {
    const to = destination(0);
    for (let seq = 0; seq < 10; seq++) bench.sendSized(to, seq, 300);
    await turns(2);
    for (const { value } of bench.producer.last.records) expect(value!.length).toBeLessThanOrEqual(1_000);
    expect(bench.sent).toEqual([[[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]]);
  });

  it('fills a record to the last byte', async () => {
    const to = destination(0);
    bench.sendSized(to, 1, 400);
    bench.sendSized(to, 2, 600);
    bench.sendSized(to, 3, 19);
    await turns(2);
    expect(bench.sent).toEqual([[[1, 2], [3]]]);
  });

  it('refuses a message that no record can hold with RESOURCE_EXHAUSTED and its size, at once', () => {
    const error = errorOf(() => bench.sendSized(destination(0), 1, 1_001));
    expect(error).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      retryable: false,
      details: { bytes: 1_001, maxBytes: 1_000 },
    });
    expect(error.message).toContain('The value has 1001 bytes, and a record holds at most 1000');
    expect(bench.delivered).toEqual([]);
  });

  it.each([1_001, 5_000])('refuses it without harm to its neighbours: %i bytes', async (bytes) => {
    const to = destination(0);
    bench.send(to, 1);
    errorOf(() => bench.sendSized(to, 2, bytes));
    bench.send(to, 3);
    await turns(2);
    expect(bench.sent).toEqual([[[1, 3]]]);
    bench.producer.last.acknowledge();
    await turns(1);
    expect(bench.delivered).toEqual([
      [1, 'ok'],
      [3, 'ok'],
    ]);
  });

  it('refuses a message that cannot be encoded without harm to its neighbours', async () => {
    const to = destination(0);
    bench.send(to, 1);
    const unencodable = { kind: 'error', seq: 2, run: 1, message: 'x'.repeat(70_000) } as Message;
    expect(errorOf(() => bench.outbox.send(to, unencodable))).toMatchObject({ status: 'INVALID_ARGUMENT' });
    bench.send(to, 3);
    await turns(2);
    expect(bench.sent).toEqual([[[1, 3]]]);
  });

  it('refuses more than maxQueuedBytes with RESOURCE_EXHAUSTED, until what waits has left', async () => {
    bench = new OutboxBench({ maxQueuedBytes: 1_500, maxRecordBytes: 5_000 });
    const to = destination(0);
    bench.sendSized(to, 0, 5_000);
    await turns(2);
    for (const seq of [1, 2]) bench.sendSized(to, seq, 1_000);
    const error = errorOf(() => bench.send(destination(1), 3));
    expect(error).toMatchObject({ status: 'RESOURCE_EXHAUSTED', retryable: true });
    expect(error.message).toContain('2000 bytes wait for the broker already, maxQueuedBytes is 1500');
    bench.producer.last.acknowledge();
    await turns(2);
    bench.send(destination(1), 3);
  });

  it('counts nothing as waiting that it refused', async () => {
    bench = new OutboxBench({ maxQueuedBytes: 1_500 });
    const to = destination(0);
    for (let i = 0; i < 100; i++) errorOf(() => bench.outbox.send(to, sizedMessage(i, 5_000)));
    bench.send(to, 1);
    await turns(2);
    expect(bench.sent).toEqual([[[1]]]);
    bench.producer.last.acknowledge();
    await bench.outbox.idle();
  });
});
