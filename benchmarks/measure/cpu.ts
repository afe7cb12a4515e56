import { readFile } from 'node:fs/promises';

/** Linux counts in hundredths of a second towards programs, whatever its own clock does. @see man 5 proc */
const TICKS_PER_SECOND = 100;
/** Places of `utime` and `stime` after the program's name, which may itself hold blanks and brackets. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** Of all cores' time, in `/proc/stat`: what the host of a virtual machine gave to others while this one wanted to run. */
const STEAL = 8;

/** User and system time of this process so far. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** User and system time of another process so far; undefined where it cannot be known. */
export async function cpuSecondsOf(pid: number | undefined): Promise<number | undefined> {
  if (pid === undefined) return undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields === undefined) return undefined;
  return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) / TICKS_PER_SECOND;
}

/** Time that the host took from all cores so far; undefined where it cannot be known. @see man 5 proc */
export async function stolenSeconds(): Promise<number | undefined> {
  const stat = await readFile('/proc/stat', 'utf8').catch(() => undefined);
  const ticks = stat?.split('\n')[0]?.split(/ +/)[STEAL];
  return ticks === undefined ? undefined : Number(ticks) / TICKS_PER_SECOND;
}
