import type { IncomingCall } from '../../../lib/server/incoming-call.js';
import { PartitionMoves } from '../../../lib/server/partition-moves.js';
import { turns } from '../../support/until.js';

interface PlayedCall {
  readonly origin: { readonly record: { readonly topic: string; readonly partition: number } };
  state: 'queued' | 'running';
  dropped: boolean;
  finish: () => void;
}

const played = (partition: number, state: PlayedCall['state']): PlayedCall & IncomingCall => {
  const waiting: (() => void)[] = [];
  const call = {
    origin: { record: { topic: 'orders', partition } },
    state,
    dropped: false,
    drop: () => (call.dropped = call.state === 'queued'),
    whenFinished: (callback: () => void) => waiting.push(callback),
    finish: () => waiting.forEach((callback) => callback()),
  };
  return call as unknown as PlayedCall & IncomingCall;
};

const at = (...partitions: number[]) => partitions.map((partition) => ({ topic: 'orders', partition }));

describe('PartitionMoves', () => {
  let calls: (PlayedCall & IncomingCall)[];
  let isHeld: ((call: IncomingCall) => boolean) | undefined;
  let moves: PartitionMoves;

  beforeEach(() => {
    jest.useFakeTimers();
    calls = [];
    isHeld = undefined;
    moves = new PartitionMoves(
      { hold: (rule) => (isHeld = rule), release: () => (isHeld = undefined) },
      () => calls,
    );
  });
  afterEach(() => jest.useRealTimers());

  const held = (): boolean[] => calls.map((call) => isHeld?.(call) ?? false);

  it('holds calls of what is about to move, and no others', () => {
    calls = [played(0, 'queued'), played(1, 'queued')];
    void moves.begin(at(1), 1_000);
    expect(held()).toEqual([false, true]);
  });

  it('waits for running calls of what moves alone', async () => {
    calls = [played(0, 'running'), played(1, 'running')];
    let isOver = false;
    void moves.begin(at(1), 1_000).then(() => (isOver = true));
    calls[0]!.finish();
    await jest.advanceTimersByTimeAsync(0);
    expect(isOver).toBe(false);
    calls[1]!.finish();
    await jest.advanceTimersByTimeAsync(0);
    expect(isOver).toBe(true);
  });

  it('waits for half of the time that it is given, and leaves the rest for the commit', async () => {
    calls = [played(0, 'running')];
    let isOver = false;
    void moves.begin(at(0), 1_000).then(() => (isOver = true));
    await jest.advanceTimersByTimeAsync(499);
    expect(isOver).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(isOver).toBe(true);
  });

  it('lets go of queued calls of what is gone, and lets what runs run on', () => {
    calls = [played(0, 'queued'), played(1, 'queued'), played(1, 'running')];
    void moves.begin(at(1), 1_000);
    moves.leave(at(1));
    expect(calls.map(({ dropped }) => dropped)).toEqual([false, true, false]);
    expect(isHeld).toBeUndefined();
  });

  it('goes on with what stays after all, and holds the rest', () => {
    calls = [played(0, 'queued'), played(1, 'queued')];
    void moves.begin(at(0, 1), 1_000);
    moves.stay(at(0));
    expect(held()).toEqual([false, true]);
    moves.leave(at(1));
    expect(isHeld).toBeUndefined();
  });

  it('lets go of calls of what is lost without a last chance', async () => {
    calls = [played(0, 'queued')];
    moves.leave(at(0));
    await turns(0);
    expect(calls[0]!.dropped).toBe(true);
  });
});
