import type {
  DeferredMessage,
  EventMessage,
  IdempotentMessage,
  Message,
  RequestMessage,
} from '../protocol/message.js';
import { invocationOf } from './retries/deferred-message.js';

/** What is to be run. */
export type Invocation = RequestMessage | EventMessage | DeferredMessage | IdempotentMessage;

/** Whether a message is to be run; the others are about calls. */
export const isCall = (message: Message): message is Invocation =>
  message.kind === 'request' ||
  message.kind === 'event' ||
  message.kind === 'deferred' ||
  message.kind === 'idempotent';

/** What a handler is called for, however it came. */
export const invocationIn = (received: Invocation): RequestMessage | EventMessage => {
  if (received.kind === 'deferred') return invocationOf(received);
  return received.kind === 'idempotent' ? requestOf(received) : received;
};

const requestOf = (message: IdempotentMessage): RequestMessage => {
  const { seq, pattern, key, headers, metadata, payload, ttlMs, sentAtMs, attempt } = message;
  return { kind: 'request', seq, pattern, key, headers, metadata, payload, ttlMs, sentAtMs, attempt };
};
