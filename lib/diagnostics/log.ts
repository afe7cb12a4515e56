import { hearRejection } from './thenable.js';

/** The log of this package. A `guardedLog` never throws. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** The used methods of Nest's Logger, or of the app's own logger. */
export interface NestLogger {
  log(message: string): unknown;
  warn(message: string): unknown;
  error(message: string): unknown;
  debug?(message: string): unknown;
}

/**
 * Writes log lines to Nest's logger. If the app's own logger throws or rejects, only its line is lost.
 * @param logger a Nest `Logger` is changed: the app's logger behind it is guarded too
 */
export const guardedLog = (logger: NestLogger): Log => {
  guardBehind(logger);
  return {
    debug: (message) => guard(() => logger.debug?.(message)),
    info: (message) => guard(() => logger.log(message)),
    warn: (message) => guard(() => logger.warn(message)),
    error: (message) => guard(() => logger.error(message)),
  };
};

const guard = (write: () => unknown): void => {
  try {
    hearRejection(write(), loseLine);
  } catch {
    // There is no other place to say it.
  }
};

const loseLine = (): void => undefined;

/** Where Nest's `Logger` has the logger of the app. It drops what that gives back, a promise that rejects as well. */
const APP_LOGGER = 'localInstance';
const LEVELS = ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'] as const;

type AppLogger = Partial<Record<(typeof LEVELS)[number], (...line: unknown[]) => unknown>>;

const guardBehind = (logger: NestLogger): void => {
  if (!(APP_LOGGER in logger)) return;
  const get = (): AppLogger | undefined => {
    const behind = Reflect.get(Object.getPrototypeOf(logger) as object, APP_LOGGER, logger) as
      AppLogger | undefined;
    return behind && guardedLines(behind);
  };
  Reflect.defineProperty(logger, APP_LOGGER, { get, configurable: true });
};

const guardedLines = (logger: AppLogger): AppLogger =>
  Object.fromEntries(
    LEVELS.map((level) => [level, (...line: unknown[]) => guard(() => logger[level]?.(...line))]),
  );
