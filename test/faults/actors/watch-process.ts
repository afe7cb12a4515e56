import { machineMs } from '../machine-clock.js';
import type { LineFile } from './line-file.js';
import type { FatalLine, StallLine } from './lines.js';

const LOOK_EVERY_MS = 50;
/** A shorter stall moves no deadline beyond what is allowed anyway. */
const STALL_MS = 100;

/** Writes down when this process stood still, and whatever nobody caught. */
export const watchProcess = (lines: LineFile<StallLine | FatalLine>): void => {
  let last = machineMs();
  setInterval(() => {
    const now = machineMs();
    if (now - last > LOOK_EVERY_MS + STALL_MS) lines.add({ e: 'stall', from: last, to: now });
    last = now;
  }, LOOK_EVERY_MS).unref();
  const onFatal = (error: unknown): void =>
    lines.add({
      e: 'fatal',
      t: machineMs(),
      text: error instanceof Error ? (error.stack ?? '') : String(error),
    });
  process.on('uncaughtExceptionMonitor', onFatal);
};

/** Holds the event loop of this process. */
export const blockFor = (ms: number): void => {
  const until = machineMs() + ms;
  while (machineMs() < until);
};
