import { OpenAsks } from '../../../lib/client/asks/open-asks.js';
import { AnsweredCalls } from '../../../lib/client/answered-calls.js';
import { PendingCalls } from '../../../lib/client/pending-calls.js';
import { ReplyInbox } from '../../../lib/client/reply-inbox.js';
import type { RefusedRecord } from '../../../lib/diagnostics/channels.js';
import { Counters } from '../../../lib/diagnostics/counters.js';
import type { Message } from '../../../lib/protocol/message.js';
import type { ReplyEnvelope } from '../../../lib/protocol/envelope.js';
import { CLIENT_ID, requestEnvelope, SERVER_ID } from '../../support/incoming-calls.js';
import { consumed } from '../../support/raw-records.js';
import { RecordedCall } from '../../support/recorded-calls.js';

const envelope: ReplyEnvelope = {
  direction: 'reply',
  sender: SERVER_ID,
  recipient: CLIENT_ID,
  contentType: 'json',
  stages: '',
};

describe('ReplyInbox', () => {
  let counters: Counters;
  let call: RecordedCall;
  let inbox: ReplyInbox;
  let heard: unknown[];
  let calls: PendingCalls;

  beforeEach(() => {
    counters = new Counters();
    heard = [];
    calls = new PendingCalls(10, () => undefined);
    call = new RecordedCall({ seq: 7 }, (settled) => calls.remove(settled));
    calls.add(call.call, 1_000);
    inbox = new ReplyInbox({
      clientId: CLIENT_ID,
      contentType: 'json',
      calls,
      asks: new OpenAsks(),
      answered: new AnsweredCalls(counters, () => undefined),
      counters,
      refusals: {
        onNotice: (bytes, server) => heard.push([bytes, server]),
        onRefused: (record, isOurs) => heard.push([record.reason, isOurs]),
        onLateReply: (seq) => heard.push(seq),
      },
    });
  });

  afterEach(() => void call.call.unsubscribe());

  const take = (messages: readonly Message[], from: ReplyEnvelope, malformed?: RefusedRecord): void =>
    inbox.onMessages(messages, from, consumed({}), malformed);

  const end = { seq: 7, run: 1, receivedAtMs: 0, repliedAtMs: 0 };

  it('accepts replies to its own client only', () => {
    expect(inbox.accept(envelope, consumed({}))).toEqual(envelope);
    expect(inbox.accept({ ...envelope, recipient: SERVER_ID }, consumed({}))).toBeUndefined();
    expect(inbox.accept({ ...envelope, recipient: Buffer.alloc(0) }, consumed({}))).toBeUndefined();
    expect(inbox.accept(requestEnvelope(), consumed({}))).toBeUndefined();
  });

  it('gives each reply to its call', () => {
    take(
      [
        { kind: 'next', seq: 7, run: 1, index: 0, payload: Buffer.from('1') },
        { kind: 'complete', ...end, index: 1, payload: null },
      ],
      envelope,
    );
    expect(call.heard).toEqual([1, 'end']);
    expect(counters.snapshot().lateReplies).toBe(0);
  });

  it('fails the call at a value of another content type, which would be garbled', () => {
    const other = { ...envelope, contentType: 'msgpack' };
    take([{ kind: 'complete', ...end, index: 0, payload: Buffer.from('1') }], other);
    expect(call.heard).toEqual(['INTERNAL']);
  });

  it('gives an error to its call whatever its content type: it says what is wrong', () => {
    const error = { kind: 'error', ...end, status: 'INVALID_ARGUMENT', retryable: false } as const;
    const other = { ...envelope, contentType: 'msgpack' };
    take([{ ...error, message: 'it is json', details: Buffer.alloc(0) }], other);
    expect(call.heard).toEqual(['INVALID_ARGUMENT']);
  });

  it('gives an error to its call', () => {
    const error = { kind: 'error', ...end, status: 'ABORTED', retryable: true } as const;
    take([{ ...error, message: 'x', details: Buffer.alloc(0) }], envelope);
    expect(call.heard).toEqual(['ABORTED']);
  });

  it('counts replies to calls that are not open', () => {
    const late: Message = { kind: 'complete', ...end, index: 0, payload: null };
    take([late, late, { ...late, seq: 8 }], envelope);
    expect(call.heard).toEqual(['end']);
    expect(counters.snapshot().lateReplies).toBe(2);
    expect(heard).toEqual([7, 8]);
  });

  it('has a refused record told, and whether it was for this client, and fails no call for it', () => {
    const record = {
      topic: 'rpc.replies',
      partition: 3,
      offset: 1n,
      reason: 'stages',
      message: 'x',
    } as const;
    inbox.onRefused(consumed({}), record, envelope);
    inbox.onRefused(consumed({}), record, undefined);
    expect(heard).toEqual([
      ['stages', true],
      ['stages', false],
    ]);
    expect(call.heard).toEqual([]);
  });

  it('has messages told that cannot be read, and gives their neighbours to their calls', () => {
    const place = { topic: 'rpc.replies', partition: 3, offset: 1n };
    const end7 = { kind: 'complete', ...end, index: 0, payload: null } as const;
    take([end7], envelope, { ...place, reason: 'message', message: 'x' });
    expect(heard).toEqual([['message', true]]);
    expect(call.heard).toEqual(['end']);
  });

  it('hands on the value of a notice to its own client, and takes no messages from it', () => {
    const notice = { direction: 'refusal', sender: SERVER_ID, recipient: CLIENT_ID } as const;
    const value = Buffer.from('x');
    expect(inbox.accept(notice, consumed({ value }))).toBeUndefined();
    expect(inbox.accept({ ...notice, recipient: SERVER_ID }, consumed({ value }))).toBeUndefined();
    expect(heard).toEqual([[value, SERVER_ID]]);
  });

  it('knows from a reply that a server of the service reads this client', () => {
    expect(call.call.origin.serviceState.isAnswered).toBe(false);
    take([{ kind: 'next', seq: 7, run: 1, index: 0, payload: Buffer.from('1') }], envelope);
    expect(call.call.origin.serviceState.isAnswered).toBe(true);
  });

  it('tells of a caller that fails at its answer, and gives the other replies to their calls', () => {
    const failing = new RecordedCall({ seq: 8 }, (settled) => calls.remove(settled));
    failing.heard.push = () => {
      throw new Error('a bug of the caller');
    };
    calls.add(failing.call, 1_000);
    const complete = { kind: 'complete', ...end, index: 0, payload: null } as const;
    take([{ ...complete, seq: 8 }, complete], envelope);
    expect(call.heard).toEqual(['end']);
    expect(heard).toEqual([['internal', true]]);
    expect(counters.snapshot().refusals.internal).toBe(1);
  });

  it('skips what no server says', () => {
    take(
      [
        { kind: 'cancel', seq: 7 },
        { kind: 'credit', seq: 7, count: 1 },
        { kind: 'ping', seq: 7, asks: 1, server: null },
        { kind: 'pong', seq: 7, receivedAtMs: 0, repliedAtMs: 0, payload: Buffer.alloc(0) },
      ],
      envelope,
    );
    expect(call.heard).toEqual([]);
  });
});
