import { UnfinishedCalls } from '../../../lib/server/unfinished-calls.js';
import { incomingCall } from '../../support/incoming-calls.js';

describe('UnfinishedCalls', () => {
  const isNone = async (calls: UnfinishedCalls): Promise<boolean> => {
    let none = false;
    void calls.none().then(() => (none = true));
    await null;
    await null;
    return none;
  };

  it('are none at first', async () => {
    expect(await isNone(new UnfinishedCalls())).toBe(true);
  });

  it('are none again when each is finished', async () => {
    const calls = new UnfinishedCalls();
    const [first, second] = [incomingCall(), incomingCall()];
    calls.add(first);
    calls.add(second);
    const none = calls.none();
    first.finish();
    expect(await isNone(calls)).toBe(false);
    second.finish();
    await none;
    expect(await isNone(calls)).toBe(true);
  });

  it('count no call that was finished before', async () => {
    const calls = new UnfinishedCalls();
    const call = incomingCall();
    call.finish();
    calls.add(call);
    expect(await isNone(calls)).toBe(true);
  });
});
