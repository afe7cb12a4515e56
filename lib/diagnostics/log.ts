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

/** Writes log lines to Nest's logger. If the app's own logger throws, only its line is lost. */
export const guardedLog = (logger: NestLogger): Log => ({
  debug: (message) => guard(() => logger.debug?.(message)),
  info: (message) => guard(() => logger.log(message)),
  warn: (message) => guard(() => logger.warn(message)),
  error: (message) => guard(() => logger.error(message)),
});

const guard = (write: () => unknown): void => {
  try {
    write();
  } catch {
    // There is no other place to say it.
  }
};
