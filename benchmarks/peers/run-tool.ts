import { execFile } from 'node:child_process';
import { promisify, stripVTControlCharacters } from 'node:util';

const WITHIN_MS = 5 * 60_000;
const LINES_SHOWN = 4;

/** Runs a program that fetches or builds. @throws Error with the first of what the program said went wrong */
export async function runTool(program: string, args: readonly string[], folder: string): Promise<void> {
  const running = promisify(execFile)(program, [...args], { cwd: folder, timeout: WITHIN_MS });
  await running.catch((cause: Error & { stdout?: string; stderr?: string }) => {
    const printed = stripVTControlCharacters(`${cause.stdout ?? ''}\n${cause.stderr ?? ''}`);
    throw new Error(`${program} failed: ${inOneLine(printed) || cause.message}`, { cause });
  });
}

/** Tools say much beside what went wrong, and this is to be one line of progress. */
function inOneLine(printed: string): string {
  const lines = printed.trim().split('\n');
  const errors = lines.filter((line) => /\berror\b/i.test(line));
  return (errors.length > 0 ? errors : lines).slice(0, LINES_SHOWN).join('; ');
}

/** Why some work failed, or nothing when it went well. */
export const failureOf = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
