import { BrokerClock } from '../../../lib/wire/broker-clock.js';
import { RequestClock } from '../../../lib/server/request-clock.js';
import { event, incomingCall, request } from '../../support/incoming-calls.js';

describe('IncomingCall', () => {
  it('has the time left that the clock gives its record and its time to live', () => {
    const call = incomingCall({ message: request({ ttlMs: 100 }), record: { timestampMs: 1_000 } });
    const at = (nowMs: number): RequestClock => new RequestClock(new BrokerClock(() => nowMs));
    expect(call.timeLeftMs(at(1_000))).toBe(100);
    expect(call.timeLeftMs(at(1_040.5))).toBe(59.5);
    expect(call.timeLeftMs(at(1_200))).toBe(-100);
    expect(incomingCall({ message: event() }).timeLeftMs(at(1e15))).toBe(Infinity);
  });

  it('is ordered by its key within its topic, and by nothing without a key', () => {
    const keyed = (key: Buffer | null, topic: string): string | null =>
      incomingCall({ message: request({ key }), record: { topic } }).orderKey;
    expect(keyed(Buffer.from('k'), 'a')).toBe(keyed(Buffer.from('k'), 'a'));
    expect(keyed(Buffer.from('k'), 'a')).not.toBe(keyed(Buffer.from('k'), 'b'));
    expect(keyed(Buffer.from([0xff]), 'a')).not.toBe(keyed(Buffer.from([0xfe]), 'a'));
    expect(keyed(Buffer.alloc(0), 'a')).not.toBeNull();
    expect(keyed(null, 'a')).toBeNull();
  });

  it('finishes once, and tells everyone, whenever they ask', () => {
    const call = incomingCall();
    const [early, late] = [jest.fn(), jest.fn()];
    call.whenFinished(early);
    call.finish();
    call.finish();
    call.whenFinished(late);
    expect([early.mock.calls.length, late.mock.calls.length]).toEqual([1, 1]);
  });

  it('when stopped is finished, and ends its work once', () => {
    const call = incomingCall();
    const [work, finished] = [jest.fn(), jest.fn()];
    call.start({ stop: work });
    call.whenFinished(finished);
    expect(call.stop('cancelled')).toBe(true);
    expect(call.stop('expired')).toBe(false);
    expect(work.mock.calls).toEqual([[call, 'cancelled']]);
    expect(finished).toHaveBeenCalledTimes(1);
    expect(call.state).toBe('finished');
  });

  it('when stopped while it waits leaves its queue', () => {
    const call = incomingCall();
    const left = jest.fn();
    call.queue({ stop: left });
    call.stop('expired');
    expect(left.mock.calls).toEqual([[call, 'expired']]);
  });

  it('when stopped by the close of its server ends its work, but is not finished: another server is to run it', () => {
    const call = incomingCall();
    const [work, finished] = [jest.fn(), jest.fn()];
    call.start({ stop: work });
    call.whenFinished(finished);
    expect(call.stop('closing')).toBe(true);
    expect(work).toHaveBeenCalledTimes(1);
    expect(finished).not.toHaveBeenCalled();
  });

  it('that is stopped already starts no work', () => {
    const call = incomingCall();
    call.stop('expired');
    const work = jest.fn();
    expect(call.start({ stop: work })).toBe(false);
    expect(work).not.toHaveBeenCalled();
  });

  it('goes from state to state, and none back', () => {
    const call = incomingCall();
    const states = [call.state];
    const step = (move: () => unknown): void => {
      move();
      states.push(call.state);
    };
    step(() => call.answer());
    step(() => call.start({ stop: () => undefined }));
    step(() => call.start({ stop: () => undefined }));
    step(() => call.answer());
    step(() => call.drop());
    step(() => call.stop('closing'));
    step(() => call.stop('cancelled'));
    step(() => call.finish());
    step(() => call.stop('cancelled'));
    expect(states).toEqual([
      'queued',
      'queued',
      'running',
      'running',
      'answered',
      'answered',
      'stopped',
      'stopped',
      'finished',
      'finished',
    ]);
  });

  it('that no handler has is dropped when its partition moves, and is not finished', () => {
    const call = incomingCall();
    const finished = jest.fn();
    call.whenFinished(finished);
    call.drop();
    expect([call.state, finished.mock.calls.length]).toEqual(['stopped', 0]);
  });

  it('that is finished cannot be stopped', () => {
    const call = incomingCall();
    const work = jest.fn();
    call.start({ stop: work });
    call.finish();
    expect(call.stop('expired')).toBe(false);
    expect(work).not.toHaveBeenCalled();
  });
});
