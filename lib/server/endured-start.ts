import { setTimeout as delay } from 'node:timers/promises';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';

/** A step of a start that fails later than this is not tried again: whoever starts the app is told. */
const ENDURED_MS = 30_000;
const PAUSE_MS = 250;

export interface StartLimits {
  /** Ends the pauses: the server is closed while it starts. */
  readonly signal?: AbortSignal;
  readonly now?: () => number;
  readonly pauseMs?: number;
}

/**
 * A step of a start, tried again when a connection is lost on its way: brokers were reached before, so that they are there, and connections
 * that are reset, or a broker that is replaced, are no reason to end the app.
 * @throws RpcError what it failed with, for another reason or after 30 s
 */
export const endured = async <T>(step: () => Promise<T>, limits: StartLimits): Promise<T> => {
  const { signal, now = () => performance.now(), pauseMs = PAUSE_MS } = limits;
  const untilMs = now() + ENDURED_MS;
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!isLost(error) || now() >= untilMs || signal?.aborted) throw error;
    }
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
};

const isLost = (error: unknown): boolean => {
  const { status, retryable } = RpcError.from(error);
  return status === RpcStatus.UNAVAILABLE && retryable;
};
