import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { CallObserver, OpenCall } from './pending-call.js';

/** What a call waits for before it can be sent. */
export interface Connecting {
  readonly pattern: string;
  readonly timeoutMs: number;
  /** Sends the call, with what is left of its time. */
  readonly send: (timeLeftMs: number) => OpenCall;
}

/** A call made before the client is connected: its deadline runs from the start, and it can be cancelled. */
export const callWhenConnected = (
  connected: Promise<unknown>,
  { pattern, timeoutMs, send }: Connecting,
  observer: CallObserver,
): OpenCall => {
  const startedAt = performance.now();
  let sent: OpenCall | undefined;
  let isOver = false;
  const end = (): void => {
    isOver = true;
    clearTimeout(timer);
  };
  const timer = setTimeout(() => {
    end();
    observer.error(notConnected(pattern, timeoutMs));
  }, timeoutMs);
  connected.then(
    () => {
      if (isOver) return;
      end();
      sent = send(Math.max(1, Math.ceil(timeoutMs - (performance.now() - startedAt))));
    },
    (error: unknown) => {
      if (isOver) return;
      end();
      observer.error(RpcError.from(error));
    },
  );
  return {
    unsubscribe: () => {
      end();
      sent?.unsubscribe();
    },
  };
};

const notConnected = (pattern: string, timeoutMs: number): RpcError =>
  new RpcError(
    RpcStatus.DEADLINE_EXCEEDED,
    `No connection to Kafka within the ${timeoutMs} ms of the call to "${pattern}": it was not sent.`,
    { retryable: true },
  );
