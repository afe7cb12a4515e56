import type { DeferredMessage, EventMessage, RequestMessage } from '../protocol/message.js';

/** A call or an event that is to start later, as it goes out. @param dueAtMs on the broker's clock */
export const deferredMessage = (
  message: RequestMessage | EventMessage,
  dueAtMs: number,
): DeferredMessage => ({
  ...message,
  kind: 'deferred',
  invokes: message.kind,
  dueAtMs,
  runs: 0,
  redriven: 0,
  contentType: '',
  origin: null,
  firstError: null,
  lastError: null,
});
