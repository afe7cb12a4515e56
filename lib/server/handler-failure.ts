import { RpcException } from '@nestjs/microservices';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';

/**
 * Whether it is an error that nobody made for a caller. What Nest's filters hand on is none: it is a plain object, a text or an
 * `RpcException`. So it is what a filter or a hook threw itself.
 */
export const isUnforeseen = (thrown: unknown): boolean => {
  try {
    return thrown instanceof Error && !(thrown instanceof RpcException) && !(thrown instanceof RpcError);
  } catch {
    // A proxy that does not say what it is was made for nobody.
    return true;
  }
};

/** Nest's own words. */
export const maskedError = (cause: unknown): RpcError =>
  new RpcError(RpcStatus.INTERNAL, 'Internal server error', { cause });
