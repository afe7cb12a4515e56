import { Counters } from '../../../lib/diagnostics/counters.js';
import type { Envelope, ReplyAddress } from '../../../lib/protocol/envelope.js';
import type { Message } from '../../../lib/protocol/message.js';
import { Callers } from '../../../lib/server/caller.js';
import type { IncomingCall } from '../../../lib/server/incoming-call.js';
import { RequestIntake } from '../../../lib/server/request-intake.js';
import { RequestClock } from '../../../lib/server/request-clock.js';
import { BrokerClock } from '../../../lib/wire/broker-clock.js';
import { Codec } from '../../../lib/wire/codec.js';
import { json } from '../../../lib/wire/serializers/json.js';
import { CLIENT_ID, event, request, requestEnvelope, SERVER_ID } from '../../support/incoming-calls.js';
import {
  FinishingShare,
  NOTHING_DELAYED,
  NOTHING_KEPT,
  OPEN_GATE,
  requestRecord,
} from '../../support/request-records.js';

describe('RequestIntake', () => {
  let counters: Counters;
  let calls: IncomingCall[];
  let finished: bigint[];
  let share: FinishingShare;
  let refused: unknown[];
  let finishRefused: () => void;
  let intake: RequestIntake;

  beforeEach(() => {
    counters = new Counters();
    calls = [];
    finished = [];
    share = new FinishingShare(finished);
    refused = [];
    intake = new RequestIntake({
      callers: new Callers(SERVER_ID, new Codec(json())),
      clock: new RequestClock(new BrokerClock(() => 500)),
      counters,
      replyTopic: { topic: 'rpc.replies', partitions: 8 },
      onCall: (call) => calls.push(call),
      onRefused: (request, finish) => {
        refused.push(request);
        finishRefused = finish;
      },
      gate: OPEN_GATE,
      delayed: NOTHING_DELAYED,
      idempotent: NOTHING_KEPT,
    });
  });

  let offset = 0n;
  const take = (...messages: Message[]): bigint => {
    offset += 1n;
    intake.onMessages(messages, requestEnvelope(), requestRecord({ offset }, share));
    return offset;
  };

  describe('accepts a record', () => {
    const accept = (replyTo: ReplyAddress | null): Envelope => intake.accept(requestEnvelope({ replyTo }));

    it.each([0, 7])('whose replies go to partition %i of the reply topic', (partition) => {
      const replyTo = { topic: 'rpc.replies', partition };
      expect(accept(replyTo)).toMatchObject({ replyTo });
    });

    it('of a client that only emits', () => {
      expect(accept(null)).toMatchObject({ replyTo: null });
    });

    it.each([
      ['another topic', { topic: 'payments', partition: 0 }],
      ['a request topic', { topic: 'rpc.sum.requests', partition: 0 }],
      ['a topic that begins alike', { topic: 'rpc.replies2', partition: 0 }],
      ['a topic that ends alike', { topic: 'x.rpc.replies', partition: 0 }],
      ['a topic with a line break behind', { topic: 'rpc.replies\n', partition: 0 }],
      ['a topic in capitals', { topic: 'RPC.REPLIES', partition: 0 }],
      ['a topic that a pattern would match', { topic: 'rpc-replies', partition: 0 }],
      ['Kafka’s own topic', { topic: '__consumer_offsets', partition: 0 }],
      ['a partition that is not there', { topic: 'rpc.replies', partition: 8 }],
      ['the highest partition there can be', { topic: 'rpc.replies', partition: 0xffff_ffff }],
    ])('not if its replies go to %s', (_what, replyTo) => {
      expect(() => accept(replyTo)).toThrow(
        expect.objectContaining({
          status: 'PERMISSION_DENIED',
          message: expect.stringContaining('only to rpc.replies, partitions 0 to 7') as string,
        }),
      );
    });

    it('not if it is a reply', () => {
      const reply = { ...requestEnvelope(), direction: 'reply', recipient: CLIENT_ID } as unknown as Envelope;
      expect(() => intake.accept(reply)).toThrow('A reply stands on a request topic.');
    });
  });

  it('makes a call of every request and event, in the order of the record', () => {
    take(request({ seq: 1 }), event({ seq: 2 }), request({ seq: 3 }));
    expect(calls.map(({ message }) => message.seq)).toEqual([1, 2, 3]);
    expect(calls[0]!.origin).toMatchObject({ receivedAtMs: 500, caller: { id: CLIENT_ID } });
  });

  it('has a record finished when the last of its calls is', () => {
    const record = take(request({ seq: 1 }), request({ seq: 2 }));
    calls[1]!.finish();
    expect(finished).toEqual([]);
    calls[0]!.finish();
    expect(finished).toEqual([record]);
  });

  it('has a record finished at once when there is nothing to do in it', () => {
    const nothing = take();
    const others = take(
      { kind: 'credit', seq: 1, count: 1 },
      { kind: 'ping', seq: 1, asks: 1, server: null },
      { kind: 'cancel', seq: 9 },
      { kind: 'next', seq: 1, run: 1, index: 0, payload: Buffer.alloc(0) },
    );
    expect(finished).toEqual([nothing, others]);
    expect(calls).toEqual([]);
  });

  it('has a record finished once when its calls finish while it is read', () => {
    const quick = new RequestIntake({
      callers: new Callers(SERVER_ID, new Codec(json())),
      clock: new RequestClock(new BrokerClock(() => 500)),
      counters,
      replyTopic: { topic: 'rpc.replies', partitions: 8 },
      onCall: (call) => call.finish(),
      onRefused: () => undefined,
      gate: OPEN_GATE,
      delayed: NOTHING_DELAYED,
      idempotent: NOTHING_KEPT,
    });
    quick.onMessages(
      [request({ seq: 1 }), request({ seq: 2 })],
      requestEnvelope(),
      requestRecord({ offset: 4n }, share),
    );
    expect(finished).toEqual([4n]);
  });

  it('stops the call that a cancel names, of the same caller only', () => {
    take(request({ seq: 1 }), request({ seq: 2 }));
    intake.onMessages(
      [{ kind: 'cancel', seq: 1 }],
      requestEnvelope({ sender: SERVER_ID }),
      requestRecord({}, share),
    );
    expect(calls[0]!.state).toBe('queued');
    take({ kind: 'cancel', seq: 1 });
    expect(calls.map(({ state }) => state)).toEqual(['finished', 'queued']);
    expect(counters.snapshot().callsCancelled).toBe(1);
    take({ kind: 'cancel', seq: 1 });
    expect(counters.snapshot().callsCancelled).toBe(1);
  });

  it('begins no call whose cancel stands in the same record, before it or behind it', () => {
    const record = take({ kind: 'cancel', seq: 1 }, request({ seq: 1 }), request({ seq: 2 }), {
      kind: 'cancel',
      seq: 2,
    });
    expect(calls).toEqual([]);
    expect(finished).toEqual([record]);
    expect(counters.snapshot().callsCancelled).toBe(2);
  });

  it('runs a call once that comes again while it is in hand, and finishes both records with it', () => {
    const first = take(request({ seq: 1 }));
    const second = take(request({ seq: 1 }));
    expect(calls).toHaveLength(1);
    expect(counters.snapshot().recordsRedelivered).toBe(1);
    calls[0]!.finish();
    expect(new Set(finished)).toEqual(new Set([first, second]));
  });

  it('takes a call of another client, or of another place for the answers, for another', () => {
    take(request({ seq: 1 }));
    intake.onMessages(
      [request({ seq: 1 })],
      requestEnvelope({ sender: SERVER_ID }),
      requestRecord({}, share),
    );
    const replyTo = { topic: 'rpc.replies', partition: 0 };
    intake.onMessages([request({ seq: 1 })], requestEnvelope({ replyTo }), requestRecord({}, share));
    expect(calls).toHaveLength(3);
  });

  it('has messages told that could not be read, and finishes their record when that is said', () => {
    const record = requestRecord({ offset: 9n }, share);
    const place = { topic: 't', partition: 0, offset: 9n };
    const malformed = { ...place, reason: 'message', message: 'x' } as const;
    intake.onMessages([request({ seq: 1 })], requestEnvelope(), record, malformed);
    expect(refused).toEqual([{ record, refused: malformed, envelope: requestEnvelope() }]);
    calls[0]!.finish();
    expect(finished).toEqual([]);
    finishRefused();
    expect(finished).toEqual([9n]);
  });

  it('has a refused record told, and finishes it when that is said', () => {
    const record = requestRecord({ offset: 9n }, share);
    intake.onRefused(
      record,
      { topic: 't', partition: 0, offset: 9n, reason: 'not-ours', message: 'x' },
      undefined,
    );
    expect(refused).toHaveLength(1);
    expect(finished).toEqual([]);
    finishRefused();
    expect(finished).toEqual([9n]);
  });
});
