import type { ProduceAck } from '../../../../lib/driver/driver.js';
import type { RpcError } from '../../../../lib/errors/rpc-error.js';
import { CODE } from '../../../support/played-broker.js';
import { orders, ProducerBench } from '../../../support/producer-bench.js';
import { turns } from '../../../support/until.js';

describe('Producer', () => {
  let bench: ProducerBench;

  beforeEach(() => {
    bench = new ProducerBench();
  });

  afterEach(() => bench.closing.abort());

  it('sends what is asked for in one turn in one request, a batch per partition, and tells where each stands', async () => {
    await bench.warm(0, 1, 2);
    const acks = await Promise.all([
      bench.produce('a', 0),
      bench.produce('b', 1),
      bench.produce('c', 0),
      bench.produce('d', 2),
    ]);
    expect(bench.broker.received.map(({ partition, texts }) => [partition, texts])).toEqual([
      [0, ['a', 'c']],
      [1, ['b']],
      [2, ['d']],
    ]);
    expect(bench.broker.requests).toHaveLength(1);
    expect(acks.map(({ partition, baseOffset }) => [partition, baseOffset])).toEqual([
      [0, 0n],
      [1, 0n],
      [0, 1n],
      [2, 0n],
    ]);
  });

  it('has five requests in flight at most, each partition in sequence', async () => {
    await bench.warm(0);
    const acks: Promise<ProduceAck>[] = [];
    for (let i = 0; i < 12; i++) {
      acks.push(bench.produce(String(i)));
      await Promise.resolve().then(() => Promise.resolve());
      await Promise.resolve();
    }
    await Promise.all(acks);
    expect(bench.broker.mostInFlight).toBe(5);
    expect(bench.log()).toEqual(Array.from({ length: 12 }, (_, i) => String(i)));
  });

  it('has one batch in flight until the broker knows it', async () => {
    const acks = [bench.produce('a')];
    await turns(1);
    acks.push(bench.produce('b'));
    await Promise.all(acks);
    expect(bench.broker.mostInFlight).toBe(1);
  });

  it('sends again what the broker refused for a while, and nothing that it appended', async () => {
    await bench.warm(0, 1);
    bench.once('b', { code: CODE.notEnoughReplicas });
    await Promise.all([bench.produce('a', 0), bench.produce('b', 1)]);
    expect(bench.broker.received.map(({ texts }) => texts)).toEqual([['a'], ['b'], ['b']]);
  });

  it('tells a batch that is tried again that it is delayed, and those of other partitions their outcome meanwhile', async () => {
    await bench.warm(0, 1);
    bench.broker.fault = ({ partition }) => (partition === 0 ? { code: CODE.notLeader } : undefined);
    const reasons: string[] = [];
    const stuck = bench.produce('a', 0, { onDelayed: ({ message }) => void reasons.push(message) });
    for (let i = 0; i < 20; i++) await bench.produce(String(i), 1);
    expect(bench.log(1)).toHaveLength(20);
    expect(reasons).toEqual([expect.stringContaining('orders[0]')]);
    bench.broker.fault = () => undefined;
    await stuck;
  });

  it.each(['before', 'after'] as const)(
    'appends once, in order, what was in flight on a connection that broke %s it was appended',
    async (breaks) => {
      await bench.warm(0);
      bench.once('b', { breaks });
      const acks = ['a', 'b', 'c', 'd'].map(async (text, i) => {
        for (let turn = 0; turn < i; turn++) await Promise.resolve();
        return bench.produce(text);
      });
      await Promise.all(acks);
      expect(bench.log()).toEqual(['a', 'b', 'c', 'd']);
    },
  );

  it('takes a duplicate for what it is: appended', async () => {
    await bench.warm(0);
    bench.once('a', { codeAfter: CODE.duplicateSequence });
    await bench.produce('a');
    expect(bench.log()).toEqual(['a']);
  });

  it('has several that are too large together go one by one, and those that are too large alone fail alone', async () => {
    await bench.warm(0, 1);
    bench.broker.fault = ({ texts }) =>
      texts.join('').length > 8 ? { code: CODE.messageTooLarge } : undefined;
    const outcomes = await Promise.allSettled([
      bench.produce('small', 0),
      bench.produce('much too large', 0),
      bench.produce('beside', 1),
      bench.produce('behind', 0),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(bench.log()).toEqual(['small', 'behind']);
    const { reason } = outcomes[1] as PromiseRejectedResult;
    expect(reason).toMatchObject({ status: 'RESOURCE_EXHAUSTED', retryable: false });
    expect((reason as Error).message).toContain('orders[0]');
    // What the broker has learned of is known: later batches are sent in sequence, with no new epoch.
    await bench.produce('last', 0);
    expect(new Set(bench.broker.received.map(({ epoch }) => epoch))).toEqual(new Set([0]));
  });

  it('names both sizes and what to change when the batch of one is too large', async () => {
    bench.maxMessageBytes = Promise.resolve(20);
    bench.broker.fault = () => ({ code: CODE.messageTooLarge });
    const failure = await bench.produce('much too large').catch((error: unknown) => error as RpcError);
    const { bytes } = (failure as RpcError).details as { bytes: number };
    expect(bytes).toBeGreaterThan('much too large'.length);
    expect(failure).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      retryable: false,
      details: { bytes, maxBytes: 20 },
      message:
        `Could not produce a batch of ${bytes} bytes to orders[0]: topic orders has max.message.bytes=20. ` +
        'Raise it, or send less and lower maxRecordBytes.',
    });
  });

  it.each([
    ['may not be told', Promise.resolve(undefined)],
    ['cannot be asked for', Promise.reject(new Error('no connection'))],
    ['is not told in time', new Promise<never>(() => undefined)],
  ])('fails what is too large also where the limit %s', async (_why, maxMessageBytes) => {
    maxMessageBytes.catch(() => undefined);
    bench.maxMessageBytes = maxMessageBytes;
    bench.broker.fault = ({ texts }) =>
      texts.includes('large') ? { code: CODE.messageTooLarge } : undefined;
    const large = bench.produce('large');
    await expect(large).rejects.toMatchObject({ status: 'RESOURCE_EXHAUSTED', retryable: false });
    await expect(large).rejects.toThrow('max.message.bytes');
    await bench.produce('small');
  });

  it('puts what is produced instead of a batch that is too large in its place', async () => {
    await bench.warm(0);
    bench.broker.fault = ({ texts }) =>
      texts.join('').length > 8 ? { code: CODE.messageTooLarge } : undefined;
    const instead: Promise<ProduceAck>[] = [];
    const tooLarge = bench.produce('much too large', 0, {
      onTooLarge: async (place) => {
        for (const text of ['much', 'too', 'large']) {
          await turns(1);
          instead.push(place.produce([orders(text)], { acks: -1 }));
        }
      },
    });
    const behind = bench.produce('behind');
    await expect(tooLarge).rejects.toMatchObject({ status: 'RESOURCE_EXHAUSTED' });
    await Promise.all([...instead, behind]);
    expect(bench.log()).toEqual(['much', 'too', 'large', 'behind']);
  });

  it('fails at once with what the broker will never take, and what is behind goes on in sequence', async () => {
    await bench.warm(0);
    bench.broker.fault = ({ texts }) => (texts.includes('a') ? { code: CODE.topicAuthorization } : undefined);
    const refused = bench.produce('a');
    await Promise.resolve();
    await Promise.resolve();
    const behind = bench.produce('b');
    await expect(refused).rejects.toMatchObject({ status: 'PERMISSION_DENIED' });
    await behind;
    expect(bench.log()).toEqual(['b']);
    expect(bench.broker.denials).toEqual(['orders']);
  });

  it('waits until all is answered before it sends to a new leader', async () => {
    await bench.warm(0);
    let release = (): void => undefined;
    bench.once('a', { until: new Promise((resolve) => (release = resolve)) });
    const first = bench.produce('a');
    await turns(2);
    bench.broker.leaderOf = () => 2;
    const second = bench.produce('b');
    await turns(5);
    expect(bench.broker.requests).toEqual([1]);
    release();
    await Promise.all([first, second]);
    expect(bench.broker.requests).toEqual([1, 2]);
  });

  it('leaves a broker that throttles it alone for as long', async () => {
    await bench.warm(0);
    bench.broker.throttleMs = 50;
    // From before the answer that throttles: how long its promise takes to get here is not known.
    const startedAt = performance.now();
    expect(await bench.produce('a')).toMatchObject({ throttleMs: 50 });
    bench.broker.throttleMs = 0;
    await bench.produce('b');
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(49);
    expect(bench.warnings).toEqual([expect.stringContaining('throttles this client for 50 ms') as string]);
  });

  it('fails what is not appended when the connection is closed', async () => {
    await bench.warm(0, 1);
    bench.broker.fault = () => ({ code: CODE.notLeader });
    const tried = bench.produce('a');
    await turns(3);
    const waiting = bench.produce('b');
    bench.closing.abort();
    for (const each of [tried, waiting]) await expect(each).rejects.toMatchObject({ status: 'UNAVAILABLE' });
  });
});
