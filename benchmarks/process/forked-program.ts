import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer } from './ipc.js';
import type { RunningProgram } from './running-program.js';

export interface ForkedProgramOptions {
  /** The Node that runs it. @default the one that runs this process */
  readonly node?: string;
  /** Flags for Node itself. @default none */
  readonly nodeFlags?: readonly string[];
  /** What the program finds in `process.argv` from its third place on. @default none */
  readonly args?: readonly string[];
}

/** A Node program of this package, asked over IPC. */
export function forkedProgram(
  module: URL,
  { node, nodeFlags = [], args = [] }: ForkedProgramOptions = {},
): RunningProgram {
  // Standard output belongs to the report.
  const child = fork(fileURLToPath(module), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execPath: node ?? process.execPath,
    execArgv: [...nodeFlags],
  });
  return {
    process: child,
    isReachable: () => child.connected,
    send: (question, failed) =>
      void child.send(question, (error) => {
        if (error !== null) failed(error);
      }),
    onAnswer: (take) => void child.on('message', (message) => take(message as Answer)),
  };
}
