import type { DriverEvent } from '../driver/driver.js';
import { invalidOption } from '../errors/option-checks.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { AskedGroup } from './asks/server-watch.js';
import type { ResolvedServiceOptions } from './client-options.js';

/** A client as its connection sees it: several may share one connection. */
export interface Caller {
  readonly service: ResolvedServiceOptions;
  /** What a pattern is called on the wire. */
  normalize(pattern: unknown): string;
  /** Whether its service has a server, as far as can be found out. @default that is not asked */
  readonly servers?: AskedGroup;
  /** Told of what happens to the connection. */
  onEvent(event: DriverEvent): void;
  /** Told when calls can be sent. */
  onOpened(): void;
  /** Told of each failure to connect, or to find the service's topic. */
  onUnopened(error: RpcError): void;
}

/**
 * What a pattern is called on the wire.
 * @throws RpcError `INVALID_ARGUMENT` for what Nest takes no pattern from, or what cannot be written as a text.
 */
export const patternName = (caller: Pick<Caller, 'normalize'>, pattern: unknown): string => {
  const isObject = typeof pattern === 'object' && pattern !== null;
  if (!isObject && typeof pattern !== 'string' && typeof pattern !== 'number')
    throw invalidOption('pattern', pattern, 'a string, a number or an object');
  try {
    return caller.normalize(pattern);
  } catch (cause) {
    const reason = RpcError.from(cause).message;
    throw new RpcError(RpcStatus.INVALID_ARGUMENT, `The pattern cannot be written as a text: ${reason}`, {
      cause,
    });
  }
};
