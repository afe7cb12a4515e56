import { Catch, HttpStatus, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { RpcError, RpcStatus } from 'nestjs-kafka-rpc';

/** @see https://cloud.google.com/apis/design/errors#handling_errors for the usual mapping of the two sets */
const HTTP_STATUSES: Readonly<Partial<Record<RpcStatus, HttpStatus>>> = {
  INVALID_ARGUMENT: HttpStatus.BAD_REQUEST,
  UNAUTHENTICATED: HttpStatus.UNAUTHORIZED,
  PERMISSION_DENIED: HttpStatus.FORBIDDEN,
  NOT_FOUND: HttpStatus.NOT_FOUND,
  UNIMPLEMENTED: HttpStatus.NOT_IMPLEMENTED,
  RESOURCE_EXHAUSTED: HttpStatus.TOO_MANY_REQUESTS,
  UNAVAILABLE: HttpStatus.SERVICE_UNAVAILABLE,
  DEADLINE_EXCEEDED: HttpStatus.GATEWAY_TIMEOUT,
};

/** What a call failed with, as HTTP says it. */
@Catch(RpcError)
export class RpcErrorFilter implements ExceptionFilter<RpcError> {
  catch(error: RpcError, host: ArgumentsHost): void {
    const { status, message, details } = error;
    const response = host.switchToHttp().getResponse<Response>();
    response
      .status(HTTP_STATUSES[status] ?? HttpStatus.INTERNAL_SERVER_ERROR)
      .json({ status, message, details });
  }
}
