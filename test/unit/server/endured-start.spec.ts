import { RpcError, RpcStatus } from 'nestjs-kafka-rpc';
import { endured } from '../../../lib/server/endured-start.js';

const lost = (): RpcError => new RpcError(RpcStatus.UNAVAILABLE, 'Connection error: read ECONNRESET');

describe('a step of a start', () => {
  let tries: number;
  let nowMs: number;
  let closing: AbortController;

  beforeEach(() => {
    [tries, nowMs, closing] = [0, 0, new AbortController()];
  });

  /** Fails so many times, each try taking a second. */
  const step = (failures: number, error: () => RpcError) => (): Promise<string> => {
    tries += 1;
    nowMs += 1_000;
    return tries > failures ? Promise.resolve('done') : Promise.reject(error());
  };
  const run = (failures: number, error = lost): Promise<string> =>
    endured(step(failures, error), { signal: closing.signal, now: () => nowMs, pauseMs: 1 });

  it('is tried again when its connection is lost', async () => {
    expect(await run(4)).toBe('done');
    expect(tries).toBe(5);
  });

  it('fails when that goes on for half a minute', async () => {
    await expect(run(Infinity)).rejects.toThrow('ECONNRESET');
    expect(tries).toBe(30);
  });

  it.each([
    ['for another reason', () => new RpcError(RpcStatus.FAILED_PRECONDITION, 'no topic')],
    ['for good', () => new RpcError(RpcStatus.UNAVAILABLE, 'no broker', { retryable: false })],
  ])('fails at once when it fails %s', async (_reason, error) => {
    await expect(run(1, error)).rejects.toBeInstanceOf(RpcError);
    expect(tries).toBe(1);
  });

  it('is not tried again by a server that is closed meanwhile', async () => {
    closing.abort();
    await expect(run(1)).rejects.toThrow('ECONNRESET');
    expect(tries).toBe(1);
  });
});
