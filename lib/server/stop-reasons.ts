import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';

/** Why the work on a call is ended from outside. */
export type StopReason = keyof typeof REASONS;

const REASONS = {
  cancelled: [RpcStatus.CANCELLED, 'The caller cancelled the call.'],
  expired: [RpcStatus.DEADLINE_EXCEEDED, 'The deadline of the call passed.'],
  silent: [
    RpcStatus.ABORTED,
    'The server heard nothing of the client any more, took it for dead, and ended the call.',
  ],
  failed: [RpcStatus.ABORTED, 'A value of the stream could not be sent: the call has failed with that.'],
  moved: [RpcStatus.ABORTED, 'The partition of the call is read by another server now, which runs it.'],
  closing: [RpcStatus.UNAVAILABLE, 'This server closes before the call is done; another one runs it again.'],
} as const;

/** What a call comes to that is ended so. */
export const statusOf = (reason: StopReason): RpcStatus => REASONS[reason][0];

/** What a handler finds as its signal's reason. */
export const stopError = (reason: StopReason): RpcError => {
  const [status, message] = REASONS[reason];
  return new RpcError(status, message);
};

/** Whether nobody waits for the call any more. Else it was only interrupted here: another server is to run it. */
export const endsTheCall = (reason: StopReason): boolean => reason !== 'moved' && reason !== 'closing';
