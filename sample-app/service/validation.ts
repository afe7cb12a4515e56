import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { RpcError } from 'nestjs-kafka-rpc';

/** Checks what handlers get; the caller learns field by field what is wrong. */
export const validation = (): ValidationPipe =>
  new ValidationPipe({
    whitelist: true,
    exceptionFactory: (errors) =>
      new RpcError('INVALID_ARGUMENT', 'The data is not valid.', { details: problemsByField(errors) }),
  });

const problemsByField = (errors: readonly ValidationError[]): Record<string, string[]> =>
  Object.fromEntries(errors.map(({ property, constraints = {} }) => [property, Object.values(constraints)]));
