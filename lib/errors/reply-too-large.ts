import type { RpcError } from './rpc-error.js';
import { RpcStatus } from './status.js';

/** The details of the error that a caller gets in the place of a reply that no record holds: it tells that from a limit of the handler. */
export const REPLY_TOO_LARGE = Object.freeze({ reason: 'reply-too-large' });

/** Whether a reply was not sent because of its size. Asked of an error of the outbox. */
export const isReplyTooLarge = ({ status, retryable }: Pick<RpcError, 'status' | 'retryable'>): boolean =>
  status === RpcStatus.RESOURCE_EXHAUSTED && !retryable;

/** Whether the error stands for such a reply. */
export const saysReplyTooLarge = (error: Pick<RpcError, 'status' | 'retryable' | 'details'>): boolean =>
  isReplyTooLarge(error) &&
  typeof error.details === 'object' &&
  (error.details as { readonly reason?: unknown } | null)?.reason === REPLY_TOO_LARGE.reason;
