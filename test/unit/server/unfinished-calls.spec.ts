import type { IncomingCall } from '../../../lib/server/incoming-call.js';
import { startedAreFinished } from '../../../lib/server/unfinished-calls.js';
import { incomingCall } from '../../support/incoming-calls.js';

const started = (): IncomingCall => {
  const call = incomingCall();
  call.start({ stop: () => undefined });
  return call;
};

describe('startedAreFinished', () => {
  const isSo = async (calls: readonly IncomingCall[]): Promise<boolean> => {
    let areFinished = false;
    void startedAreFinished(calls).then(() => (areFinished = true));
    for (let i = 0; i < 5; i++) await null;
    return areFinished;
  };

  it('is so when there are none', async () => {
    expect(await isSo([])).toBe(true);
  });

  it('is so once each is finished', async () => {
    const [first, second] = [started(), started()];
    first.finish();
    expect(await isSo([first, second])).toBe(false);
    second.finish();
    expect(await isSo([first, second])).toBe(true);
  });

  it('waits for no call that was not started: it is another server’s to run', async () => {
    expect(await isSo([incomingCall()])).toBe(true);
  });
});
