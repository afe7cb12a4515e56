import type { DeferredMessage, EventMessage, MessageOrigin, RequestMessage } from '../../protocol/message.js';
import type { IncomingCall } from '../incoming-call.js';
import type { CallHistory } from './call-history.js';

/** When it is to run, and what else its record says of it. */
export interface Deferral {
  readonly seq: number;
  /** On the broker's clock. */
  readonly dueAtMs: number;
  /** On the broker's clock. */
  readonly nowMs: number;
  /** Until its caller gives up; Infinity when it never does. */
  readonly timeLeftMs: number;
}

/** A call in hand, as it waits on a topic. */
export const deferredMessage = (
  { message, origin }: IncomingCall,
  history: CallHistory,
  { seq, dueAtMs, nowMs, timeLeftMs }: Deferral,
): DeferredMessage => ({
  kind: 'deferred',
  seq,
  attempt: message.attempt,
  ttlMs: timeLeftMs === Infinity ? 0 : Math.max(1, Math.ceil(timeLeftMs)),
  sentAtMs: nowMs,
  pattern: message.pattern,
  key: message.key,
  headers: message.headers,
  metadata: message.metadata,
  invokes: message.kind,
  dueAtMs,
  runs: history.runs,
  redriven: history.redriven,
  contentType: history.contentType === '' ? origin.envelope.contentType : history.contentType,
  origin: history.origin ?? originOf({ message, origin }),
  firstError: history.firstError,
  lastError: history.lastError,
  payload: message.payload,
});

/** Where a call comes from, as it is here. */
export const originOf = ({ message, origin }: Pick<IncomingCall, 'message' | 'origin'>): MessageOrigin => {
  const { topic, partition, offset, timestampMs } = origin.record;
  return { sender: origin.caller.id, seq: message.seq, topic, partition, offset, timestampMs };
};

/** What is run when its time has come. */
export const invocationOf = (message: DeferredMessage): RequestMessage | EventMessage => ({
  kind: message.invokes,
  seq: message.seq,
  attempt: message.attempt,
  ttlMs: message.ttlMs,
  sentAtMs: message.sentAtMs,
  pattern: message.pattern,
  key: message.key,
  headers: message.headers,
  metadata: message.metadata,
  payload: message.payload,
});
