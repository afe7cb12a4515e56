import type { ReadPacket } from '@nestjs/microservices';
import { invalidOption } from '../errors/option-checks.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { enclosingOf, innerLimitMs } from './inner-call.js';
import {
  checkIdempotencyKey,
  checkTimeoutMs,
  checkWhenNoServer,
  optionsOf,
  type WhenNoServer,
} from './kafka-rpc-record.js';

/** The time to live of what never expires. */
export const NEVER_EXPIRES_MS = 0;

/**
 * 0 for ever. An event outlives the call in whose handler it is made, unless it says otherwise: nobody would hear that it was lost.
 * @throws RpcError when that call is over.
 */
export const eventTtlMs = ({ pattern, data }: ReadPacket): number => {
  const ownMs = timeoutOf(data, NEVER_EXPIRES_MS);
  const enclosing = enclosingOf(optionsOf(data), true);
  if (enclosing === undefined) return ownMs;
  const limitMs = innerLimitMs(enclosing, `The event ${JSON.stringify(pattern)}`);
  if (limitMs === Infinity) return ownMs;
  return ownMs === NEVER_EXPIRES_MS ? limitMs : Math.min(ownMs, limitMs);
};

/** @throws RpcError `INVALID_ARGUMENT` */
export const idempotencyKeyOf = (data: unknown): string | undefined => {
  const { idempotencyKey } = optionsOf(data);
  return idempotencyKey === undefined ? undefined : checkIdempotencyKey(idempotencyKey);
};

export const noResult = (): RpcError =>
  new RpcError(
    RpcStatus.INVALID_ARGUMENT,
    'An event has no result that an idempotencyKey could keep: leave it out, or use send().',
  );

const ONLY_FOR_CALLS = ['retry', 'idempotent', 'onProgress', 'onHeaders', 'whenNoServer'] as const;

/** @throws RpcError `INVALID_ARGUMENT` for what means nothing for an event. */
export const checkSentOnce = (data: unknown): void => {
  const options = optionsOf(data);
  const name = ONLY_FOR_CALLS.find((each) => options[each] !== undefined);
  if (name === undefined) return;
  throw invalidOption(name, options[name], 'left out for an event, which nobody answers');
};

/** Whether a call fails when there is no server. @throws RpcError `INVALID_ARGUMENT` */
export const needsServerNow = (data: unknown, usual: WhenNoServer): boolean => {
  const { whenNoServer } = optionsOf(data);
  return (whenNoServer === undefined ? usual : checkWhenNoServer(whenNoServer, 'whenNoServer')) === 'fail';
};

export const checkNotDelayed = (data: unknown): void => {
  const { delayMs, at } = optionsOf(data);
  if (delayMs === undefined && at === undefined) return;
  const name = at === undefined ? 'delayMs' : 'at';
  throw invalidOption(name, at ?? delayMs, 'left out where idempotencyKey is given');
};

/** How long a packet's caller waits. @throws RpcError `INVALID_ARGUMENT` */
export const timeoutOf = (data: unknown, defaultMs: number): number => {
  const { timeoutMs } = optionsOf(data);
  return timeoutMs === undefined ? defaultMs : checkTimeoutMs(timeoutMs);
};
