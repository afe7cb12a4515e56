import { Callers, type Caller } from '../../../lib/server/caller.js';
import { decodeEnvelope } from '../../../lib/protocol/envelope.js';
import { Codec } from '../../../lib/wire/codec.js';
import { json } from '../../../lib/wire/serializers/json.js';
import { CLIENT_ID, incomingCall, SERVER_ID } from '../../support/incoming-calls.js';

const REPLY_TO = { topic: 'rpc.replies', partition: 3 };

describe('Callers', () => {
  const create = (): Callers => new Callers(SERVER_ID, new Codec(json()));
  const idOf = (number: number): Buffer => {
    const id = Buffer.alloc(16);
    id.writeUInt32BE(number);
    return id;
  };
  const openCall = (caller: Caller, seq = 1): void => {
    caller.calls.set(seq, incomingCall());
  };

  it('give the same caller for the same id and reply address', () => {
    const callers = create();
    const caller = callers.get(CLIENT_ID, REPLY_TO);
    expect(callers.get(Buffer.from(CLIENT_ID), { ...REPLY_TO })).toBe(caller);
    expect(callers.get(CLIENT_ID, { ...REPLY_TO, partition: 4 })).not.toBe(caller);
    expect(callers.get(CLIENT_ID, null)).not.toBe(caller);
    expect(callers.get(SERVER_ID, REPLY_TO)).not.toBe(caller);
  });

  it('know where the replies to a caller go, and what stands on them', () => {
    const { replies } = create().get(CLIENT_ID, REPLY_TO);
    expect(replies).toMatchObject({ ...REPLY_TO, direction: 'reply' });
    expect(decodeEnvelope(replies!.envelope)).toEqual({
      direction: 'reply',
      sender: SERVER_ID,
      recipient: CLIENT_ID,
      contentType: 'json',
      stages: '',
    });
  });

  it('know no reply address of a caller that only emits', () => {
    expect(create().get(CLIENT_ID, null).replies).toBeNull();
  });

  it('give every open call', () => {
    const callers = create();
    openCall(callers.get(idOf(1), REPLY_TO));
    openCall(callers.get(idOf(1), null), 2);
    openCall(callers.get(idOf(2), REPLY_TO));
    expect([...callers.openCalls()]).toHaveLength(3);
  });

  it('forget callers without open calls when there are many, never one with open calls', () => {
    const callers = create();
    const busy = callers.get(idOf(0), REPLY_TO);
    openCall(busy);
    const idle = callers.get(idOf(1), REPLY_TO);
    for (let i = 2; i < 5_000; i++) callers.get(idOf(i), REPLY_TO);
    expect(callers.get(idOf(0), REPLY_TO)).toBe(busy);
    expect(callers.get(idOf(1), REPLY_TO)).not.toBe(idle);
    expect([...callers.openCalls()]).toHaveLength(1);
  });
});
