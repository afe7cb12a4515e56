import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';
import { describeError } from '../diagnostics/describe-error.js';
import { guardedLog } from '../diagnostics/log.js';
import { checkNames } from '../errors/option-checks.js';
import { integer, namesOf, resolveOptions, type OptionTable } from '../errors/option-table.js';
import { RpcError } from '../errors/rpc-error.js';
import { httpAnswer, type HttpAnswer } from './http-answer.js';

export interface RpcErrorFilterOptions {
  /** `Retry-After` of a 429 or 503 whose error has no `details.retryAfterMs`, in seconds. @default 1 */
  readonly retryAfterSeconds?: number;
}

const OPTIONS = { retryAfterSeconds: integer(1, 0, 86_400) } satisfies OptionTable<RpcErrorFilterOptions>;

/** What answers of Express and Fastify have in common. */
interface Response {
  readonly headersSent?: boolean;
  readonly sent?: boolean;
  header(name: string, value: string): unknown;
  status(code: number): unknown;
  send(body: object): unknown;
}

/**
 * Answers a request whose handler failed with an `RpcError`, as that of a call: over HTTP with the fitting status, on Express and
 * Fastify alike, with `Retry-After` where trying later helps; over GraphQL with an error whose `extensions` have it. Handlers of
 * microservices fail with the error as it is. For `app.useGlobalFilters(new RpcErrorFilter())`, `APP_FILTER` and `@UseFilters`.
 */
export class RpcErrorFilter implements ExceptionFilter<RpcError> {
  private readonly log = guardedLog(new Logger(RpcErrorFilter.name));
  private readonly retryAfterSeconds: number;

  /** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
  constructor(options: RpcErrorFilterOptions = {}) {
    checkNames('RpcErrorFilter', options, namesOf(OPTIONS));
    this.retryAfterSeconds = resolveOptions(OPTIONS, options).retryAfterSeconds;
  }

  /** @throws RpcError the error itself, where there is nobody whom it could answer. */
  catch(error: RpcError, host: ArgumentsHost): Observable<never> | Error | undefined {
    const context = host.getType<string>();
    if (context === 'rpc') return throwError(() => error);
    if (context !== 'http' && context !== 'graphql') throw error;
    const answer = httpAnswer(error, this.retryAfterSeconds);
    // Nobody else sees what is not told.
    if (answer.statusCode >= 500) this.log.error(describeError(error));
    if (context === 'graphql') return graphqlError(error, answer);
    respond(host.switchToHttp().getResponse<Response>(), answer);
    return undefined;
  }
}

Catch(RpcError)(RpcErrorFilter);

const respond = (response: Response, { statusCode, retryAfter, body }: HttpAnswer): void => {
  // A stream that has begun cannot become another answer.
  if (response.headersSent === true || response.sent === true) return;
  if (retryAfter !== undefined) response.header('Retry-After', String(retryAfter));
  response.status(statusCode);
  response.send(body);
};

/** GraphQL's own library takes `extensions` of any error. */
const graphqlError = ({ status }: RpcError, { statusCode, retryAfter, body }: HttpAnswer): Error => {
  const { message, details } = body as { message: string | readonly string[]; details?: unknown };
  const text = typeof message === 'string' ? message : message.join(', ');
  const extensions = {
    code: statusCode === 500 ? 'INTERNAL' : status,
    http: { status: statusCode },
    ...(retryAfter !== undefined && { retryAfter }),
    ...(details !== undefined && { details }),
  };
  return Object.assign(new Error(text), { extensions });
};
