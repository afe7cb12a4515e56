import { Logger } from '@nestjs/common';
import type { DriverLog } from '../driver/driver.js';

/** A driver's log lines through Nest's Logger. */
export const nestLog = (context: string): DriverLog => {
  const logger = new Logger(context);
  return {
    debug: (message) => logger.debug?.(message),
    info: (message) => logger.log(message),
    warn: (message) => logger.warn(message),
    error: (message) => logger.error(message),
  };
};
