/** Where this package writes its log lines. A `guardedLog` never throws. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** What is used of Nest's Logger, or of what the app put in its place. */
export interface NestLogger {
  log(message: string): unknown;
  warn(message: string): unknown;
  error(message: string): unknown;
  debug?(message: string): unknown;
}

/** Log lines through Nest's logger. An app's own logger that throws loses its line; nothing else depends on it. */
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
