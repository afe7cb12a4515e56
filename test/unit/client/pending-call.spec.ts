import { ServiceState } from '../../../lib/client/service-state.js';
import { PendingCall } from '../../../lib/client/pending-call.js';
import { RpcError } from '../../../lib/errors/rpc-error.js';
import { json } from '../../../lib/wire/serializers/json.js';
import { SERVER_ID } from '../../support/incoming-calls.js';
import { RecordedCall } from '../../support/recorded-calls.js';

const OTHER_SERVER = Buffer.alloc(16, 9);
const HAS_IT = 'The broker has the request: the handler may have run, or may still be running.';
const END = { kind: 'complete', seq: 1, run: 1, index: 0, receivedAtMs: 0, repliedAtMs: 0 } as const;

const sent = ({ call }: RecordedCall): void => {
  call.leave();
  call.delivered();
};

describe('PendingCall', () => {
  it('tells its values in order, then its end with who answered and when', () => {
    const call = new RecordedCall();
    call.next(0, '"a"');
    call.next(1, '"b"');
    call.complete(2, null);
    expect(call.heard).toEqual(['a', 'b', 'end']);
    expect(call.answer).toEqual({ server: SERVER_ID, receivedAtMs: 10, repliedAtMs: 20 });
    expect(call.ends).toEqual(['answered']);
  });

  it('tells the only value, then the end', () => {
    const call = new RecordedCall();
    call.complete(0, '3');
    expect(call.heard).toEqual([3, 'end']);
  });

  it('tells an error with all that the server says of it', () => {
    const call = new RecordedCall();
    call.error({ status: 'NOT_FOUND', retryable: true, message: 'gone', details: Buffer.from('{"id":7}') });
    expect(call.errors).toMatchObject([
      { status: 'NOT_FOUND', retryable: true, message: 'gone', details: { id: 7 } },
    ]);
  });

  it('tells an error without details that cannot be read', () => {
    const call = new RecordedCall();
    call.error({ details: Buffer.from('{') });
    expect(call.errors).toHaveLength(1);
    expect(call.errors[0]!.details).toBeUndefined();
  });

  it.each<[string, (call: RecordedCall) => void]>([
    ['value', (call) => call.complete(0, '1')],
    ['end', (call) => call.complete(0, null)],
    ['error', (call) => call.error({})],
    ['deadline', (call) => call.call.expire()],
    ['failed delivery', (call) => call.call.delivered(new RpcError('UNAVAILABLE', 'x'))],
    ['cancel', (call) => void call.call.unsubscribe()],
  ])('settles once: after a(n) %s nothing else is told', (_what, settle) => {
    const call = new RecordedCall();
    settle(call);
    const heard = [...call.heard];
    call.next(0, '"late"');
    call.complete(0, '"late"');
    call.error({});
    call.call.expire();
    call.call.delivered(new RpcError('UNAVAILABLE', 'x'));
    call.call.unsubscribe();
    expect(call.heard).toEqual(heard);
    expect(call.ends).toHaveLength(1);
  });

  it('is told nothing more once it was abandoned', () => {
    const call = new RecordedCall();
    call.call.unsubscribe();
    expect([call.heard, call.ends]).toEqual([[], ['cancelled']]);
  });

  it('drops values that come twice', () => {
    const call = new RecordedCall();
    call.next(0, '"a"');
    call.next(0, '"a"');
    call.next(1, '"b"');
    call.next(0, '"a"');
    call.next(1, '"b"');
    call.complete(2, null);
    expect(call.heard).toEqual(['a', 'b', 'end']);
  });

  it.each<[string, (call: RecordedCall) => void]>([
    ['value', (call) => call.next(2, '"c"')],
    ['end', (call) => call.complete(2, null)],
  ])('fails with DATA_LOSS when a value before the %s is missing, naming it', (_what, skip) => {
    const call = new RecordedCall();
    call.next(0, '"a"');
    skip(call);
    expect(call.heard).toEqual(['a', 'DATA_LOSS']);
    expect(call.errors[0]!.message).toBe(
      'Value 1 of the stream of "sum.add" is missing: value 2 came instead.',
    );
  });

  it.each<[string, (call: RecordedCall) => void]>([
    ['another server', (call) => call.next(1, '"b"', { server: OTHER_SERVER })],
    ['another run of the same server', (call) => call.next(1, '"b"', { run: 2 })],
    ['another server from its beginning', (call) => call.next(0, '"a"', { server: OTHER_SERVER })],
    ['another server at its end', (call) => call.complete(1, null, { server: OTHER_SERVER })],
  ])('fails with ABORTED when %s goes on with its stream', (_who, goOn) => {
    const call = new RecordedCall();
    call.next(0, '"a"');
    goOn(call);
    expect(call.heard).toEqual(['a', 'ABORTED']);
    expect(call.errors[0]!.message).toContain('after 1 values of its stream');
    expect(call.errors[0]!.retryable).toBe(true);
  });

  it('fails with INTERNAL when its value cannot be read, and tells no end', () => {
    const call = new RecordedCall();
    call.complete(0, '{');
    expect(call.heard).toEqual(['INTERNAL']);
  });

  it.each<[string, (call: RecordedCall) => void, string, boolean]>([
    ['the broker has it', sent, HAS_IT, false],
    [
      'it is on its way',
      ({ call }) => call.leave(),
      'The broker has not acknowledged the request: it may or may not run.',
      false,
    ],
    ['it has not left', () => undefined, 'The request was not sent, and does not run.', true],
    [
      'why it has not left',
      (each) => (each.delayedBy = 'no leader.'),
      'The request was not sent, and does not run: no leader.',
      true,
    ],
  ])('says at its deadline whether %s', (_what, happens, fate, retryable) => {
    const each = new RecordedCall();
    happens(each);
    each.call.expire();
    expect(each.errors).toMatchObject([{ status: 'DEADLINE_EXCEEDED', retryable }]);
    expect(each.errors[0]!.message).toBe(`Timeout: no answer to "sum.add" within 1000 ms. ${fate}`);
  });

  it('tells whoever sent it that its caller is gone, once, and not when it has its answer', () => {
    const [open, answered] = [new RecordedCall(), new RecordedCall()];
    answered.complete(0, '1');
    for (const { call } of [open, answered, open]) call.unsubscribe();
    expect([open.ends, answered.ends]).toEqual([['cancelled'], ['answered']]);
  });

  it('knows at its deadline whether the broker has it', () => {
    const [unsent, sent] = [new RecordedCall(), new RecordedCall()];
    sent.call.delivered();
    for (const { call } of [unsent, sent]) call.expire();
    expect([unsent, sent].map(({ call }) => call.isDelivered)).toEqual([false, true]);
  });

  it('is open while only its delivery is known', () => {
    const call = new RecordedCall();
    call.call.delivered();
    expect([call.heard, call.ends]).toEqual([[], []]);
    call.complete(0, '1');
    expect(call.heard).toEqual([1, 'end']);
  });

  it('lets its observer cancel at a value, and then tells nothing', () => {
    const heard: unknown[] = [];
    const call: PendingCall = new PendingCall(
      new RecordedCall().call,
      {
        next: (value) => {
          heard.push(value);
          call.unsubscribe();
        },
        complete: () => heard.push('end'),
        error: () => heard.push('error'),
      },
      {
        caller: heard,
        serializer: json(),
        serviceState: new ServiceState('t', () => undefined),
        whyDelayed: () => undefined,
        sendElsewhere: () => false,
        giveCredit: () => undefined,
        onEnd: (_call, how) => heard.push(how),
      },
    );
    call.complete({ ...END, payload: Buffer.from('1') }, SERVER_ID);
    expect(heard).toEqual(['answered', 1]);
  });

  it.each<[string, (call: PendingCall) => void]>([
    ['value', (call) => call.complete({ ...END, payload: Buffer.from('1') }, SERVER_ID)],
    ['value that cannot be read', (call) => call.complete({ ...END, payload: Buffer.from('{') }, SERVER_ID)],
    ['end', (call) => call.complete({ ...END, payload: null }, SERVER_ID)],
    ['deadline', (call) => call.expire()],
    ['cancel', (call) => call.unsubscribe()],
  ])('lets go of its observer after a(n) %s, as others may hold the call for long', (_what, settle) => {
    const recorded = new RecordedCall().call;
    const observer = { next: () => undefined, complete: () => undefined, error: () => undefined };
    const call = new PendingCall(recorded, observer, recorded.origin);
    expect(Object.values(call)).toContain(observer);
    settle(call);
    expect(Object.values(call)).not.toContain(observer);
  });
});
