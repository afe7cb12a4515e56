import type { RpcError } from '../errors/rpc-error.js';
import type { Credit } from '../protocol/stream-credit.js';
import type { Outbox } from '../wire/outbox.js';
import type { PendingCall } from './pending-call.js';

const AGAIN_MS = 100;

/** Sends credit until the broker has it, or the call is over: without it the stream would stand still until its deadline. */
export const sendCredit = (
  call: PendingCall,
  credit: Credit,
  outbox: Pick<Outbox, 'send'>,
  isApart: boolean,
): void => {
  if (call.isOver) return;
  const again = (): void =>
    void setTimeout(() => sendCredit(call, credit, outbox, isApart), AGAIN_MS).unref();
  const delivered = (error?: RpcError): void => {
    if (error !== undefined) again();
  };
  const message = { kind: 'credit', seq: call.seq, count: credit.values, bytes: credit.bytes } as const;
  try {
    outbox.send(call.destination, message, { delivered }, isApart);
  } catch {
    // The outbox is full.
    again();
  }
};
