import { Logger } from '@nestjs/common';
import { describeError } from '../diagnostics/describe-error.js';
import { guardedLog } from '../diagnostics/log.js';

/** A Nest app, or a `KafkaRpcServer`. */
export interface Closable {
  close(): Promise<unknown>;
}

/** How an app ends when its process is told to. */
export interface CloseOnSignalsOptions {
  /**
   * Servers that are closed before the app: their handlers finish while providers and other transports of the app are still open. A
   * hybrid app needs it. An app made by `createMicroservice()` closes its server first by itself.
   * @default none
   */
  readonly servers?: readonly Closable[];
  /** @default SIGTERM and SIGINT */
  readonly signals?: readonly NodeJS.Signals[];
  /** Ends the process, once all is closed or a second signal came. @default the signal itself, without a listener */
  readonly end?: (signal: NodeJS.Signals) => void;
}

const DEFAULT_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];

/**
 * Closes an app at the first signal, and ends the process at the second.
 *
 *     closeOnSignals(app, { servers: [server] });
 *
 * Use it in place of `app.enableShutdownHooks()`, which calls `onModuleDestroy()` of all providers *before* it closes servers, and
 * ignores further signals. Here handlers finish first (up to `gracePeriodMs`), then `app.close()` runs Nest's hooks in Nest's order.
 * @returns takes the listeners off again
 */
export const closeOnSignals = (app: Closable, options: CloseOnSignalsOptions = {}): (() => void) => {
  const { servers = [], signals = DEFAULT_SIGNALS, end = raise } = options;
  const stopListening = (): void => signals.forEach((signal) => process.off(signal, onSignal));
  const finish = (signal: NodeJS.Signals): void => {
    stopListening();
    end(signal);
  };
  let isClosing = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isClosing) return finish(signal);
    isClosing = true;
    void closeAll([...servers, app]).then(() => finish(signal));
  };
  signals.forEach((signal) => process.on(signal, onSignal));
  return stopListening;
};

/** One after the other. What fails to close is logged, and keeps nothing else open. */
const closeAll = async (all: readonly Closable[]): Promise<void> => {
  for (const each of all) {
    try {
      await each.close();
    } catch (error) {
      guardedLog(new Logger('closeOnSignals')).error(`It does not close: ${describeError(error)}`);
    }
  }
};

const raise = (signal: NodeJS.Signals): void => void process.kill(process.pid, signal);
