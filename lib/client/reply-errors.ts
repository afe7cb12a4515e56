import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';

/** @param received how many values of the stream were had before */
export const otherExecution = (pattern: string, received: number, run: number, server: Buffer): RpcError =>
  new RpcError(
    RpcStatus.ABORTED,
    `"${pattern}" was started again (run ${run} on server ${server.toString('hex')}) after ` +
      `${received} values of its stream: call again if the handler may run twice.`,
  );

export const gap = (pattern: string, received: number, index: number): RpcError =>
  new RpcError(
    RpcStatus.DATA_LOSS,
    `Value ${received} of the stream of "${pattern}" is missing: value ${index} came instead.`,
  );

export const unreadable = (pattern: string, cause: unknown): RpcError => {
  const message = `The reply to "${pattern}" cannot be deserialized: ${RpcError.from(cause).message}`;
  return new RpcError(RpcStatus.INTERNAL, message, { cause });
};
