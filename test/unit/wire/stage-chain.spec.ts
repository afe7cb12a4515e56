import type { WireContext, WireInterceptor } from 'nestjs-kafka-rpc';
import { StageChain } from '../../../lib/wire/stage-chain.js';

const LIMIT_MS = 20;

const CONTEXT: WireContext = {
  direction: 'request',
  topic: 'rpc.sum.requests',
  partition: 0,
  envelope: Buffer.alloc(0),
  headers: {},
};

const FRAMES = Buffer.from('frames');

const stage = (parts: Partial<WireInterceptor>): WireInterceptor => ({
  name: 'mine',
  encode: (bytes) => bytes,
  decode: (bytes) => bytes,
  ...parts,
});

/** Settled by whoever is given it, again and again. */
const settlesTwice = (first: unknown): PromiseLike<Buffer> => ({
  then: ((resolve: (value: unknown) => void, reject: (error: unknown) => void) => {
    resolve(first);
    resolve(Buffer.from('second'));
    reject(new Error('third'));
  }) as never,
});

const WRONG: readonly (readonly [string, () => unknown, string])[] = [
  ['never settles', () => new Promise(() => undefined), 'did not settle within 20 ms (stageTimeoutMs)'],
  ['gives a thenable that never settles', () => ({ then: () => undefined }), 'did not settle within 20 ms'],
  ['gives nothing', () => undefined, 'gave undefined, not a Buffer'],
  ['gives null', () => null, 'gave null, not a Buffer'],
  ['gives a string', () => 'frames', 'gave string, not a Buffer'],
  ['gives a promise of a number', () => Promise.resolve(7), 'gave number, not a Buffer'],
];

const THROWN: readonly (readonly [string, () => unknown])[] = [
  ['an Error', () => new Error('no')],
  ['undefined', () => undefined],
  ['a BigInt', () => 7n],
  ['a symbol', () => Symbol('no')],
  [
    'an object that is circular',
    () => {
      const it: Record<string, unknown> = {};
      it['it'] = it;
      return it;
    },
  ],
  [
    'an object that cannot be looked at',
    () =>
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('hands off');
          },
        },
      ),
  ],
];

describe('StageChain', () => {
  const chain = (parts: Partial<WireInterceptor>): StageChain => new StageChain([stage(parts)], LIMIT_MS);
  const run = async (work: () => unknown): Promise<unknown> => work();

  it.each(WRONG)(
    'fails a record while encoding, with the stage’s name, when a stage %s',
    async (_what, encode, text) => {
      const encoding = run(() => chain({ encode: encode as never }).encode(FRAMES, CONTEXT));
      await expect(encoding).rejects.toMatchObject({ status: 'INTERNAL' });
      await expect(encoding).rejects.toThrow('The stage "mine" failed: It ');
      await expect(encoding).rejects.toThrow(text);
    },
  );

  it.each(WRONG)(
    'refuses a record while decoding, with the stage’s name, when a stage %s',
    async (_what, decode, text) => {
      const decoding = run(() => chain({ decode: decode as never }).decode(FRAMES, CONTEXT));
      await expect(decoding).rejects.toMatchObject({ cause: { reason: 'stage', stage: 'mine' } });
      await expect(decoding).rejects.toThrow(text);
    },
  );

  it.each(THROWN)(
    'gives an RpcError with the stage’s name for whatever is thrown: %s',
    async (_what, thrown) => {
      const throwing = (): never => {
        throw thrown();
      };
      const rejecting = (): Promise<never> => Promise.reject(thrown() as Error);
      for (const code of [throwing, rejecting]) {
        const encoding = run(() => chain({ encode: code }).encode(FRAMES, CONTEXT));
        await expect(encoding).rejects.toMatchObject({
          name: 'RpcError',
          message: expect.stringContaining('"mine"') as string,
        });
        const decoding = run(() => chain({ decode: code }).decode(FRAMES, CONTEXT));
        await expect(decoding).rejects.toMatchObject({ cause: { reason: 'stage', stage: 'mine' } });
        const opening = run(() => chain({ open: code }).open());
        await expect(opening).rejects.toMatchObject({
          name: 'RpcError',
          message: expect.stringContaining('"mine"') as string,
        });
      }
    },
  );

  it('takes what a thenable settles with first', async () => {
    const encoded = await chain({ encode: () => settlesTwice(Buffer.from('first')) as never }).encode(
      FRAMES,
      CONTEXT,
    );
    expect(encoded.toString()).toBe('first');
  });

  it('takes bytes that are no Buffer for one', () => {
    const bytes = chain({ encode: () => new Uint8Array([1, 2]) as never }).encode(FRAMES, CONTEXT);
    expect(Buffer.isBuffer(bytes) && [...bytes]).toEqual([1, 2]);
  });

  it('does not open for ever', async () => {
    await expect(chain({ open: () => new Promise(() => undefined) }).open()).rejects.toThrow(
      'The stage "mine" failed: It did not settle within 20 ms (stageTimeoutMs).',
    );
  });

  it('of synchronous stages never awaits, and sets no timer', () => {
    jest.useFakeTimers();
    const sync = new StageChain([stage({}), stage({ name: 'other' })], LIMIT_MS);
    expect(sync.encode(FRAMES, CONTEXT)).toBe(FRAMES);
    expect(sync.decode(FRAMES, CONTEXT)).toBe(FRAMES);
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('keeps no timer when a stage has settled', async () => {
    const quick = chain({ encode: async (bytes) => bytes });
    jest.useFakeTimers();
    await Promise.all(Array.from({ length: 100 }, () => quick.encode(FRAMES, CONTEXT)));
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('keeps apart the calls of a pattern of which a stage cannot tell', () => {
    expect(
      chain({
        keepsApart: () => {
          throw new Error('no');
        },
      }).keepsApart('sum.add'),
    ).toBe(true);
    expect(chain({ keepsApart: () => undefined as never }).keepsApart('sum.add')).toBe(false);
  });
});
