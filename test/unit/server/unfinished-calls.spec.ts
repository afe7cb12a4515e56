import { UnfinishedCalls } from '../../../lib/server/unfinished-calls.js';
import { incomingCall } from '../../support/incoming-calls.js';

describe('UnfinishedCalls', () => {
  it('has none until a call is added, and again when all have finished', async () => {
    const unfinished = new UnfinishedCalls();
    await unfinished.none();
    const calls = [incomingCall(), incomingCall()];
    calls.forEach((call) => unfinished.add(call));
    let isNone = false;
    const none = unfinished.none().then(() => (isNone = true));
    calls[0]!.finish();
    await Promise.resolve();
    expect(isNone).toBe(false);
    calls[1]!.finish();
    await none;
    expect(isNone).toBe(true);
  });
});
