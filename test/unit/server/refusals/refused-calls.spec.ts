import { channels, type RefusedRecord } from '../../../../lib/diagnostics/channels.js';
import { Counters } from '../../../../lib/diagnostics/counters.js';
import type { RequestMessage } from '../../../../lib/protocol/message.js';
import { Callers } from '../../../../lib/server/caller.js';
import type { IncomingCall } from '../../../../lib/server/incoming-call.js';
import { CallMemory } from '../../../../lib/server/duplicates/call-memory.js';
import { ReplayGuard } from '../../../../lib/server/replay-guard.js';
import { RequestIntake, type RefusedRequest } from '../../../../lib/server/request-intake.js';
import { RequestClock } from '../../../../lib/server/request-clock.js';
import { BrokerClock } from '../../../../lib/wire/broker-clock.js';
import { Codec } from '../../../../lib/wire/codec.js';
import { json } from '../../../../lib/wire/serializers/json.js';
import { request, requestEnvelope, SERVER_ID } from '../../../support/incoming-calls.js';
import {
  FinishingShare,
  NOTHING_DELAYED,
  NOTHING_KEPT,
  OPEN_GATE,
  requestRecord,
} from '../../../support/request-records.js';

const NOW_MS = 1_000_000;
const OLD = { sentAtMs: 0, ttlMs: 10_000 };

describe('calls that RequestIntake refuses', () => {
  let counters: Counters;
  let calls: IncomingCall[];
  let finished: bigint[];
  let share: FinishingShare;
  let told: (RefusedRequest & { readonly finish: () => void })[];
  let published: RefusedRecord[];
  let intake: RequestIntake;
  let nextOffset: bigint;

  const publish = (refused: unknown): void => void published.push(refused as RefusedRecord);

  beforeEach(() => {
    [calls, finished, told, published, nextOffset] = [[], [], [], [], 0n];
    share = new FinishingShare(finished);
    counters = new Counters();
    intake = new RequestIntake({
      callers: new Callers(SERVER_ID, new Codec(json())),
      clock: new RequestClock(new BrokerClock(() => NOW_MS)),
      counters,
      replyTopic: { topic: 'rpc.replies', partitions: 8 },
      memory: new CallMemory(new ReplayGuard(counters)),
      onCall: (call) => calls.push(call),
      onRefused: (refused, finish) => told.push({ ...refused, finish }),
      gate: OPEN_GATE,
      delayed: NOTHING_DELAYED,
      idempotent: NOTHING_KEPT,
    });
    channels.refused.subscribe(publish);
  });

  afterEach(() => channels.refused.unsubscribe(publish));

  const take = (...messages: Partial<RequestMessage>[]): void => {
    const record = requestRecord({ offset: nextOffset++, timestampMs: NOW_MS }, share);
    const fresh = messages.map((message) => request({ sentAtMs: NOW_MS, ...message }));
    intake.onMessages(fresh, requestEnvelope(), record);
  };

  const takeAndFinish = (...messages: Partial<RequestMessage>[]): void => {
    take(...messages);
    for (const call of calls.splice(0)) call.finish();
  };

  const thousand = Array.from({ length: 1_000 }, (_, i) => ({ seq: i + 1 }));

  it('are none, and cost nothing, where all are new', () => {
    takeAndFinish(...thousand);
    expect([told, published]).toEqual([[], []]);
    expect(finished).toEqual([0n]);
  });

  it('are told of once per record, and counted each', () => {
    takeAndFinish(...thousand);
    take(...thousand);
    take({ seq: 7 });
    const place = { topic: 'rpc.sum.requests', partition: 0 };
    expect(published).toMatchObject([
      { ...place, offset: 1n, reason: 'replay', message: expect.stringMatching(/^1000 calls /) as string },
      { ...place, offset: 2n, reason: 'replay', message: expect.stringMatching(/^1 call /) as string },
    ]);
    expect(told.map(({ refused }) => refused)).toEqual(published);
    expect(told[0]).toMatchObject({ record: { offset: 1n }, envelope: requestEnvelope() });
    expect(counters.snapshot()).toMatchObject({ callsReplayed: 1_001, recordsRefused: 0 });
    expect(counters.snapshot().refusals).toMatchObject({ replay: 2, stale: 0 });
    expect(calls).toEqual([]);
  });

  it('are told of once per reason', () => {
    takeAndFinish({ seq: 5 });
    take({ seq: 5 }, { seq: 6, ...OLD }, { seq: 3 }, { seq: 7, ...OLD });
    expect(published.map(({ reason, message }) => `${reason}: ${message.slice(0, 7)}`)).toEqual([
      'replay: 2 calls',
      'stale: 2 calls',
    ]);
    expect(counters.snapshot()).toMatchObject({ callsReplayed: 2, callsStale: 2 });
  });

  it('keep no new call beside them from being run', () => {
    takeAndFinish({ seq: 5 });
    take({ seq: 4 }, { seq: 6 }, { seq: 5 }, { seq: 7 });
    expect(calls.map(({ message }) => message.seq)).toEqual([6, 7]);
    expect(told).toHaveLength(1);
  });

  it('keep their record from being finished until nothing needs them, nor the calls beside them', () => {
    takeAndFinish({ seq: 5 });
    take({ seq: 5 }, { seq: 6, ...OLD }, { seq: 7 });
    const [replay, stale] = told;
    replay!.finish();
    calls[0]!.finish();
    expect(finished).toEqual([0n]);
    stale!.finish();
    expect(finished).toEqual([0n, 1n]);
  });

  it('are not those that come again while they are in hand, nor those that are read at their place again', () => {
    take({ seq: 1 });
    take({ seq: 1 });
    calls[0]!.finish();
    nextOffset = 0n;
    take({ seq: 1 });
    expect(published).toEqual([]);
    expect(finished).toEqual([0n, 1n, 0n]);
  });
});
