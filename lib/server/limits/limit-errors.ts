import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { IncomingCall } from '../incoming-call.js';

/** More calls of a handler than its rate limit allows. */
export const tooFast = ({ message }: IncomingCall, retryAfterMs: number): RpcError =>
  new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    `"${message.pattern}" was called more often than its rateLimit allows, and was not run: try again in ${retryAfterMs} ms.`,
    { retryAfterMs, details: { started: false } },
  );

export const tookTooLong = ({ message }: IncomingCall, timeoutMs = 0): RpcError =>
  new RpcError(
    RpcStatus.DEADLINE_EXCEEDED,
    `The handler of "${message.pattern}" took longer than its timeoutMs of ${timeoutMs} ms, and was ended.`,
    { retryable: false },
  );
