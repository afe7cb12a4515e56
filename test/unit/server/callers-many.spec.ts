import { Callers } from '../../../lib/server/caller.js';
import { Codec } from '../../../lib/wire/codec.js';
import { json } from '../../../lib/wire/serializers/json.js';
import { incomingCall, SERVER_ID } from '../../support/incoming-calls.js';

const REPLY_TO = { topic: 'rpc.replies', partition: 3 };

const idOf = (number: number): Buffer => {
  const id = Buffer.alloc(16);
  id.writeUInt32BE(number);
  return id;
};

describe('Callers', () => {
  it('keep the newest caller, so that its calls can be cancelled, though 2,000 others have open calls', () => {
    const callers = new Callers(SERVER_ID, new Codec(json()));
    for (let i = 0; i < 2_000; i++) {
      const caller = callers.get(idOf(i), REPLY_TO);
      caller.calls.set(1, incomingCall());
      const isKept = callers.get(idOf(i), REPLY_TO) === caller;
      expect([i, isKept]).toEqual([i, true]);
    }
    expect([...callers.openCalls()]).toHaveLength(2_000);
  });
});
