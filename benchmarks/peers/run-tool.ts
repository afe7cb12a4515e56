import { execFile } from 'node:child_process';
import { promisify, stripVTControlCharacters } from 'node:util';

const WITHIN_MS = 5 * 60_000;
const LINES_SHOWN = 6;

/** Runs a program that fetches or builds. @throws Error with the first of what the program said */
export async function runTool(program: string, args: readonly string[], folder: string): Promise<void> {
  const running = promisify(execFile)(program, [...args], { cwd: folder, timeout: WITHIN_MS });
  await running.catch((cause: Error & { stdout?: string; stderr?: string }) => {
    const printed = stripVTControlCharacters(`${cause.stdout ?? ''}\n${cause.stderr ?? ''}`);
    const said = printed.trim().split('\n').slice(0, LINES_SHOWN).join('\n');
    throw new Error(`${program} failed: ${said || cause.message}`, { cause });
  });
}

/** Why some work failed, or nothing when it went well. */
export const failureOf = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
