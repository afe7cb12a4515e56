import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';

export const tooLarge = (maxBytes: number): RpcError =>
  new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    `The record is larger than ${maxBytes} bytes when inflated: see compression({ maxBytes }).`,
    { retryable: false },
  );

export const notCompressed = (algorithm: string, what: string, cause?: unknown): RpcError =>
  new RpcError(RpcStatus.INVALID_ARGUMENT, `The record is not ${algorithm} as it says: ${what}.`, { cause });
