import type { CallEnded, CallStatus, ClientCallEnd } from '../diagnostics/call-ended.js';
import { channels } from '../diagnostics/channels.js';
import type { RpcError } from '../errors/rpc-error.js';
import type { ServerTimes } from '../protocol/message.js';
import type { Caller } from './caller.js';
import type { PendingCall, SentCall } from './pending-call.js';

/** A call that was sent has ended. Asked for only while somebody listens. */
export const publishEnd = (
  { pattern, destination, totalMs }: PendingCall,
  how: ClientCallEnd,
  status: CallStatus,
  times?: ServerTimes,
): void => {
  const { topic } = destination;
  const serverMs = times === undefined ? undefined : Math.max(0, times.repliedAtMs - times.receivedAtMs);
  publish({ side: 'client', kind: 'request', pattern, topic, how, status, totalMs, serverMs });
};

/** A call before it is sent. */
export interface UnsentFacts {
  readonly pattern: unknown;
  readonly topic: string;
  /** @default 0 */
  readonly totalMs?: number | undefined;
}

/** A call has ended that was never sent. */
export const publishUnsentEnd = (
  caller: Caller,
  { pattern, topic, totalMs = 0 }: UnsentFacts,
  how: ClientCallEnd,
  { status }: Pick<RpcError, 'status'>,
): void => {
  if (!channels.callEnded.hasSubscribers) return;
  const name = nameOf(caller, pattern);
  publish({ side: 'client', kind: 'request', pattern: name, topic, how, status, totalMs });
};

const publish = (ended: CallEnded): void => channels.callEnded.publish(ended);

/** What is wrong with it may be its pattern. */
const nameOf = (caller: Caller, pattern: unknown): string => {
  try {
    return String(caller.normalize(pattern) ?? '');
  } catch {
    return '';
  }
};

/** What the caller holds of a call that has ended before it was sent. */
export const ENDED_CALL: SentCall = Object.freeze({ hasLeft: false, unsubscribe: () => undefined });
