import kafkajs, { type logCreator } from 'kafkajs';
import type { DriverLog } from '../driver.js';
import type { KafkajsLogLevel } from './kafkajs-options.js';

/** kafkajs' log lines through ours. */
export const kafkajsLog =
  (log: DriverLog): logCreator =>
  () =>
  ({ namespace, level, log: { message, error } }) => {
    const line = `kafkajs ${namespace}: ${message}${typeof error === 'string' ? ` (${error})` : ''}`;
    const { logLevel } = kafkajs;
    if (level === logLevel.ERROR) log.error(line);
    else if (level === logLevel.WARN) log.warn(line);
    else if (level === logLevel.INFO) log.info(line);
    else log.debug(line);
  };

/** kafkajs' number of a level. */
export const kafkajsLogLevel = (level: KafkajsLogLevel): number => {
  const { logLevel } = kafkajs;
  const levels: Readonly<Record<KafkajsLogLevel, number>> = {
    nothing: logLevel.NOTHING,
    error: logLevel.ERROR,
    warn: logLevel.WARN,
    info: logLevel.INFO,
    debug: logLevel.DEBUG,
  };
  return levels[level];
};
