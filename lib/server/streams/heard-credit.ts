import type { Counters } from '../../diagnostics/counters.js';
import type { CreditMessage } from '../../protocol/message.js';
import { SIGN_COUNT } from '../../protocol/signs-of-life.js';
import type { IncomingCall } from '../incoming-call.js';
import { MAX_CREDIT } from '../../protocol/stream-credit.js';

/** Gives a call the credit that its caller sends. What is for no stream in hand, or more than there may be, is counted. */
export const hearCredit = (
  call: IncomingCall | undefined,
  { count, bytes = MAX_CREDIT.bytes }: CreditMessage,
  counters: Pick<Counters, 'add'>,
): void => {
  if (count === SIGN_COUNT) return;
  const isOpen = call !== undefined && !call.isOver && call.message.kind === 'request';
  // A credit that says nothing of bytes does not limit them.
  if (!isOpen || !call.grant({ values: count, bytes })) counters.add('creditsIgnored');
};
