import { RpcError, type ProducerRecord, type RefusalReason } from 'nestjs-kafka-rpc';
import { Counters } from '../../../../lib/diagnostics/counters.js';
import { decodeEnvelope, type RequestEnvelope } from '../../../../lib/protocol/envelope.js';
import { decodeRefusal } from '../../../../lib/protocol/refusal-notice.js';
import { RefusalNotices } from '../../../../lib/server/refusals/refusal-notices.js';
import type { RefusedRequest } from '../../../../lib/server/request-intake.js';
import { CLIENT_ID, requestEnvelope, SERVER_ID } from '../../../support/incoming-calls.js';
import { consumed } from '../../../support/raw-records.js';

const STAGE = 'encryption:aes-256-gcm';

describe('RefusalNotices', () => {
  let counters: Counters;
  let sent: ProducerRecord[];
  let failure: RpcError | undefined;
  let notices: RefusalNotices;

  beforeEach(() => {
    jest.useFakeTimers();
    counters = new Counters();
    sent = [];
    failure = undefined;
    notices = new RefusalNotices({
      id: SERVER_ID,
      stages: STAGE,
      counters,
      nowMs: () => Date.now(),
      driver: {
        produce: async (records) => {
          sent.push(...records);
          if (failure !== undefined) throw failure;
          return { topic: 'rpc.replies', partition: 0, baseOffset: 0n, appendTimeMs: -1 };
        },
      },
    });
  });

  afterEach(() => {
    notices.close();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const refused = (
    reason: RefusalReason,
    parts: { stage?: string; keyId?: string } = {},
    envelope: Partial<RequestEnvelope> | undefined = {},
  ): RefusedRequest => {
    const record = consumed({ partition: 2 });
    const place = { topic: record.topic, partition: 2, offset: 0n, message: 'x' };
    return { record, refused: { ...place, reason, ...parts }, envelope: requestEnvelope(envelope) };
  };

  const fromSender = (number: number, partition = 3): RefusedRequest => {
    const sender = Buffer.alloc(16);
    sender.writeUInt32BE(number);
    return refused('stages', {}, { sender, replyTo: { topic: 'rpc.replies', partition } });
  };

  it('tell the sender what stages this server has, at its reply address, under no stage', () => {
    notices.add(refused('stages'));
    const [notice] = sent;
    expect(notice).toMatchObject({ topic: 'rpc.replies', partition: 3, key: null });
    expect(decodeEnvelope(notice!.headers!.rpc as Buffer)).toEqual({
      direction: 'refusal',
      sender: SERVER_ID,
      recipient: CLIENT_ID,
    });
    const refusal = { code: 'stages', topic: 'rpc.sum.requests', serverStages: STAGE, stage: '', keyId: '' };
    expect(decodeRefusal(notice!.value!)).toEqual(refusal);
  });

  it.each(['unknown-key', 'other-key', 'mismatch', 'structure'] as const)(
    'do not tell how a keyed stage failed: %s',
    (reason) => {
      notices.add(refused(reason, { stage: STAGE, keyId: 'k1' }));
      const refusal = { code: 'not-authentic', topic: 'rpc.sum.requests', serverStages: STAGE };
      expect(decodeRefusal(sent[0]!.value!)).toEqual({ ...refusal, stage: STAGE, keyId: 'k1' });
    },
  );

  it.each<[RefusalReason, string | undefined]>([
    ['not-ours', undefined],
    ['version', undefined],
    ['structure', undefined],
    ['direction', undefined],
    ['reply-address', undefined],
    ['damaged', 'verification:crc32c'],
    ['compression', 'compression:zstd'],
    ['size', 'compression:zstd'],
    ['stage', 'tenant'],
    ['internal', undefined],
    ['message', undefined],
    ['replay', undefined],
    ['stale', undefined],
    ['replay', STAGE],
  ])('tell nobody of other refusals: %s', (reason, stage) => {
    notices.add(refused(reason, stage === undefined ? {} : { stage }));
    expect(sent).toEqual([]);
  });

  it('go to nobody who gave no reply address, or a wrong one', () => {
    notices.add(refused('stages', {}, { replyTo: null }));
    notices.add({ ...refused('stages'), envelope: undefined });
    expect(sent).toEqual([]);
  });

  it('come once per sender and second; what is refused meanwhile is told at its end', () => {
    for (let i = 0; i < 10_000; i++) notices.add(fromSender(1));
    expect(sent).toHaveLength(1);
    jest.advanceTimersByTime(1_005);
    expect(sent).toHaveLength(2);
    jest.advanceTimersByTime(60_000);
    expect(sent).toHaveLength(2);
  });

  it('are 50 in a second, whoever sends what', () => {
    for (let i = 0; i < 100_000; i++) notices.add(fromSender(i));
    expect(sent).toHaveLength(50);
    for (let second = 2; second <= 10; second++) {
      jest.advanceTimersByTime(1_005);
      for (let i = 0; i < 5_000; i++) notices.add(fromSender(1_000_000 * second + i));
      expect(sent.length).toBeLessThanOrEqual(50 * second);
    }
    jest.advanceTimersByTime(120_000);
    // What waited was bounded.
    expect(sent.length).toBeLessThanOrEqual(50 * 10 + 1_024);
  });

  it('reach a client whose id others use with another partition', () => {
    for (let i = 0; i < 100; i++) notices.add(fromSender(1, 7));
    notices.add(fromSender(1, 3));
    expect(sent.map(({ partition }) => partition)).toEqual([7, 3]);
  });

  it('that cannot be sent are counted, and nothing else', async () => {
    failure = new RpcError('UNAVAILABLE', 'no broker');
    notices.add(fromSender(1));
    failure = undefined;
    notices.add(fromSender(2));
    await jest.advanceTimersByTimeAsync(1);
    expect(counters.snapshot()).toMatchObject({ refusalNoticesLost: 1, refusalNoticesSent: 1 });
  });
});
