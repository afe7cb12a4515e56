import type { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { refusalError } from '../refusal.js';

export const tooLarge = (maxBytes: number): RpcError =>
  refusalError(
    RpcStatus.RESOURCE_EXHAUSTED,
    `The record is larger than ${maxBytes} bytes when inflated: see compression({ maxBytes }).`,
    { reason: 'size' },
  );

export const notCompressed = (algorithm: string, what: string, thrown?: unknown): RpcError =>
  refusalError(RpcStatus.INVALID_ARGUMENT, `The record is not ${algorithm} as it says: ${what}.`, {
    reason: 'compression',
    thrown,
  });
