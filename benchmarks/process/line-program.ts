import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Answer } from './ipc.js';
import type { RunningProgram } from './running-program.js';

/** What to run: a path or a name on the PATH, and its arguments. */
export interface LineProgramCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * A program in any language: a question is a line of JSON on its standard input, an answer one on its standard output,
 * `{ "id", "command", "argument" }` and `{ "id", "value" }` or `{ "id", "error" }`. It is to leave when its input ends,
 * which is also how it learns that this process is gone.
 */
export function lineProgram({ program, args }: LineProgramCommand): RunningProgram {
  // In a session of its own, so that Ctrl-C does not reach it: it leaves when it is told to.
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  // A program that is gone is seen by its exit.
  child.stdin.on('error', () => undefined);
  return {
    process: child,
    isReachable: () => child.stdin.writable,
    send: (question, failed) =>
      void child.stdin.write(`${JSON.stringify(question)}\n`, (error) => {
        if (error != null) failed(error);
      }),
    onAnswer: (take) =>
      void createInterface({ input: child.stdout }).on('line', (line) => {
        const answer = answerIn(line);
        if (answer === undefined) process.stderr.write(`${line}\n`);
        else take(answer);
      }),
  };
}

/** Undefined for whatever else the program, or a library of its, prints. */
function answerIn(line: string): Answer | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Answer;
  } catch {
    return undefined;
  }
}
