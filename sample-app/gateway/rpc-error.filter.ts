import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { RpcError, type RpcStatus } from 'nestjs-kafka-rpc';

/** @see https://cloud.google.com/apis/design/errors#handling_errors */
const HTTP_STATUS: Readonly<Record<RpcStatus, number>> = {
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
  UNAUTHENTICATED: 401,
};

/** What a call failed with becomes the answer to the HTTP request. */
@Catch(RpcError)
export class RpcErrorFilter implements ExceptionFilter<RpcError> {
  catch({ status, message, details, retryable }: RpcError, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    response.status(HTTP_STATUS[status]).json({ status, message, details, retryable });
  }
}
