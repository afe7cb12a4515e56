import { HttpException } from '@nestjs/common';
import { statusOfHttp } from '../errors/http-status.js';
import { RpcError } from '../errors/rpc-error.js';

/**
 * An `HttpException`, as Nest's pipes, guards and services throw it, in a caller's terms: the fitting status, the text, and its
 * response as details. Undefined for anything else.
 */
export const rpcErrorOfHttp = (exception: unknown): RpcError | undefined => {
  try {
    return exception instanceof HttpException ? inRpcTerms(exception) : undefined;
  } catch {
    // One that cannot be read was made for nobody.
    return undefined;
  }
};

const inRpcTerms = (exception: HttpException): RpcError => {
  const response = exception.getResponse();
  const details = typeof response === 'object' ? response : undefined;
  return new RpcError(statusOfHttp(exception.getStatus()), textOf(exception, response), {
    details,
    cause: exception,
  });
};

/** Validation has its texts, several, in the response only. */
const textOf = (exception: HttpException, response: string | object): string => {
  const stated: unknown =
    typeof response === 'string' ? response : (response as { message?: unknown }).message;
  if (Array.isArray(stated)) return stated.filter((text) => typeof text === 'string').join(', ');
  return typeof stated === 'string' ? stated : exception.message;
};
