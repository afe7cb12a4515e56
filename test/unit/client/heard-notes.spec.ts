import type { ReplyHeaders } from '../../../lib/protocol/reply-notes.js';
import { PendingCall, type CallOrigin } from '../../../lib/client/pending-call.js';
import { ServiceState } from '../../../lib/client/service-state.js';
import { json } from '../../../lib/wire/serializers/json.js';

const [A, B] = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)];
const TIMES = { receivedAtMs: 0, repliedAtMs: 0 };

describe('what a server tells of a call beside its values', () => {
  const heard: unknown[] = [];
  let headers: ReplyHeaders | undefined;

  const callOf = (): PendingCall => {
    heard.length = 0;
    headers = undefined;
    const origin: CallOrigin = {
      caller: {},
      serializer: json(),
      serviceState: new ServiceState('rpc.sum.requests', () => undefined),
      whyDelayed: () => undefined,
      sendElsewhere: () => false,
      giveCredit: () => undefined,
      onEnd: () => undefined,
    };
    const destination = {
      topic: 'rpc.sum.requests',
      partition: 0,
      direction: 'request',
      envelope: A,
    } as const;
    const observer = {
      next: () => undefined,
      complete: () => undefined,
      error: () => undefined,
      headers: (told: ReplyHeaders) => (headers = told),
      progress: (value: unknown) => heard.push(value),
    };
    return new PendingCall({ seq: 1, pattern: 'a', destination, timeoutMs: 1_000 }, observer, origin);
  };
  const tell = (call: PendingCall, run: number, server: Buffer, told: Record<string, string>): void =>
    call.headers({ kind: 'headers', seq: 1, run, headers: told }, server);
  const progress = (call: PendingCall, server: Buffer, index: number, value: unknown): void =>
    call.progress(
      {
        kind: 'progress',
        seq: 1,
        run: server === A ? 1 : 7,
        index,
        payload: Buffer.from(JSON.stringify(value)),
      },
      server,
    );
  const complete = (call: PendingCall, run: number, server: Buffer): void =>
    call.complete({ kind: 'complete', seq: 1, run, index: 0, payload: null, ...TIMES }, server);

  it('is put together, the last value of each header', () => {
    const call = callOf();
    tell(call, 1, A, { a: '1', b: '1' });
    tell(call, 1, A, { b: '2' });
    expect({ ...headers }).toEqual({ a: '1', b: '2' });
  });

  it('does not hold when another execution answers', () => {
    const call = callOf();
    tell(call, 1, A, { a: '1' });
    complete(call, 1, B);
    expect(headers).toEqual({});
  });

  it('holds for the execution that answers, whoever began before', () => {
    const call = callOf();
    tell(call, 1, A, { a: '1' });
    tell(call, 7, B, { b: '2' });
    complete(call, 7, B);
    expect({ ...headers }).toEqual({ b: '2' });
  });

  it('is of no interest from another execution once one counts', () => {
    const call = callOf();
    call.next({ kind: 'next', seq: 1, run: 1, index: 0, payload: Buffer.from('1') }, A);
    tell(call, 2, A, { a: '1' });
    progress(call, B, 0, 'other');
    expect([headers, heard]).toEqual([undefined, []]);
  });

  it('is heard once, though its record stands in the log twice', () => {
    const call = callOf();
    for (const index of [0, 1, 0, 1, 2]) progress(call, A, index, index);
    expect(heard).toEqual([0, 1, 2]);
  });

  it('begins anew with another execution', () => {
    const call = callOf();
    progress(call, A, 0, 'first');
    progress(call, B, 0, 'second');
    expect(heard).toEqual(['first', 'second']);
  });

  it('is nothing any more once the call is over', () => {
    const call = callOf();
    complete(call, 1, A);
    tell(call, 1, A, { a: '1' });
    progress(call, A, 0, 'late');
    expect([headers, heard]).toEqual([undefined, []]);
  });
});
