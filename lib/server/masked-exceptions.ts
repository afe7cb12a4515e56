import type { ArgumentsHost } from '@nestjs/common';
import { BaseRpcExceptionFilter, RpcException } from '@nestjs/microservices';
import { catchError, throwError, type Observable } from 'rxjs';
import { KafkaRpcContext } from './kafka-rpc-context.js';

/** Where what Nest put in the place of an exception has that exception: seen by nobody else, and never sent. */
const EXCEPTION = Symbol('nestjs-kafka-rpc.exception');
/** On Nest's filter, once for each copy of this package. */
const KEEPS = Symbol('nestjs-kafka-rpc.keepsExceptions');

/**
 * Has Nest's last exception filter note what it masks, for handlers of this transport: Nest gives a strategy handlers that are
 * wrapped in their filters already (docs/decisions/0012-what-a-handler-throws.md). What the filter hands on, and logs, stays.
 */
export const keepMaskedExceptions = (): void => {
  const { prototype } = BaseRpcExceptionFilter;
  if (Object.hasOwn(prototype, KEEPS)) return;
  const { catch: mask } = prototype;
  const keeping = function (this: BaseRpcExceptionFilter, exception: unknown, host: ArgumentsHost) {
    const masked = mask.call(this, exception, host);
    return isOurs(host) && !(exception instanceof RpcException) ? noting(masked, exception) : masked;
  };
  Object.defineProperties(prototype, { catch: { value: keeping }, [KEEPS]: { value: true } });
};

/** An exception in the place of which Nest handed on its own words. */
export interface MaskedException {
  readonly exception: unknown;
}

/** @returns undefined when what was thrown is no mask of Nest's. */
export const maskedException = (thrown: unknown): MaskedException | undefined => {
  try {
    return (thrown as { readonly [EXCEPTION]?: MaskedException } | null | undefined)?.[EXCEPTION];
  } catch {
    // A proxy, and no mask of Nest's.
    return undefined;
  }
};

const isOurs = (host: ArgumentsHost): boolean => host.switchToRpc().getContext() instanceof KafkaRpcContext;

const noting = (masked: Observable<unknown>, exception: unknown): Observable<unknown> =>
  masked.pipe(
    catchError((mask: unknown) => {
      if (isNestsMask(mask)) Object.defineProperty(mask, EXCEPTION, { value: { exception } });
      return throwError(() => mask);
    }),
  );

/** What a filter that extends Nest's puts there instead is a decision of its author. */
const isNestsMask = (mask: unknown): mask is object =>
  typeof mask === 'object' &&
  mask !== null &&
  'message' in mask &&
  mask.message === 'Internal server error' &&
  Object.keys(mask).length === 2;
