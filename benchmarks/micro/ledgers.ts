import { PendingCall, type CallObserver, type CallOrigin } from '../../lib/client/pending-call.js';
import { PendingCalls } from '../../lib/client/pending-calls.js';
import { ServiceState } from '../../lib/client/service-state.js';
import { OffsetTracker } from '../../lib/server/commits/offset-tracker.js';
import { msgpack } from '../../lib/wire/serializers/msgpack.js';
import type { Subject } from './subject.js';

/** Records in hand at once, and calls open at once. */
const AT_ONCE = 1_000;
const TIMEOUT_MS = 10_000;
const SERVER = Buffer.alloc(16, 1);

/** What both sides keep of what is under way. */
export function ledgerSubjects(): Subject[] {
  return [
    tracker('offset tracker: add and finish, in order', (records) => records),
    tracker('offset tracker: add and finish, last first', (records) => records.reverse()),
    pendingCalls(),
  ];
}

function tracker(name: string, order: <R>(records: R[]) => R[]): Subject {
  const offsets = new OffsetTracker(0n);
  let next = 0n;
  const run = (): void => {
    const records = Array.from({ length: AT_ONCE }, () => offsets.add(next++)!);
    for (const record of order(records)) offsets.finish(record);
    const progress = offsets.progress();
    if (progress?.offset !== next)
      throw new Error(`The tracker commits ${progress?.offset}, all below ${next} is finished`);
    offsets.onCommitted(progress, '');
  };
  return { name, operations: AT_ONCE, run };
}

function pendingCalls(): Subject {
  const calls = new PendingCalls(AT_ONCE, () => undefined);
  const serializer = msgpack();
  const payload = serializer.serialize({ sum: 3, nonce: 1 });
  const observer: CallObserver = { next: noop, complete: noop, error: noop };
  const origin: CallOrigin = {
    caller: {},
    serializer,
    serviceState: new ServiceState('rpc.sum.requests', () => undefined),
    whyDelayed: () => undefined,
    sendElsewhere: () => false,
    giveCredit: () => undefined,
    onEnd: (call) => calls.remove(call),
  };
  const envelope = Buffer.alloc(0);
  const destination = { direction: 'request', topic: 'rpc.sum.requests', partition: 0, envelope } as const;
  let seq = 0;
  const run = (): void => {
    const first = seq;
    for (; seq < first + AT_ONCE; seq += 1) {
      calls.checkRoom();
      const facts = { seq, pattern: 'sum.add', destination, timeoutMs: TIMEOUT_MS };
      calls.add(new PendingCall(facts, observer, origin), TIMEOUT_MS);
    }
    const times = { receivedAtMs: 0, repliedAtMs: 0 };
    for (let at = first; at < seq; at += 1) {
      calls.get(at)?.complete({ kind: 'complete', seq: at, run: 1, index: 0, ...times, payload }, SERVER);
    }
    if (calls.size !== 0) throw new Error(`${calls.size} calls are open, all were answered`);
  };
  return { name: 'pending calls: add and settle', operations: AT_ONCE, run };
}

const noop = (): void => undefined;
