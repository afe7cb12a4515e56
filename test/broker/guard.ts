import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';

/**
 * Runs programs that cannot outlive this process, however it ends, and owns one folder that goes with them.
 * this process → pipe → guard: the pipe's end, which SIGKILL brings too, makes the guard kill and remove.
 */
export interface Guard {
  /** Starts a program with its output in a file; the child's pid is the program's own. */
  run(program: string, args: readonly string[], logFile: string): Promise<ChildProcess>;
  /** Kills what still runs and removes the folder: the same road as after a crash. */
  close(): Promise<void>;
}

/**
 * Killed programs write until they are gone, so the folder goes last. Gone is also a zombie: once this process
 * has ended, whoever inherits them may never reap them.
 */
const GUARD = `
trap '' HUP INT TERM
gone() {
  kill -0 "$1" 2>/dev/null || return 0
  case $(ps -o stat= -p "$1" 2>/dev/null) in Z*) return 0 ;; esac
  return 1
}
pids=''
while read -r verb pid; do
  if [ "$verb" = watch ]; then pids="$pids $pid"; continue; fi
  kept=''
  for each in $pids; do [ "$each" = "$pid" ] || kept="$kept $each"; done
  pids=$kept
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
tries=0
for pid in $pids; do
  while ! gone "$pid" && [ $tries -lt 60 ]; do tries=$((tries + 1)); sleep 0.05; done
done
rm -rf "$1"
`;

/** Waits for a word before it becomes the program: a parent that dies earlier leaves an end of file, and nothing runs. */
const LAUNCH = 'read -r word && exec "$0" "$@" </dev/null';

/** A guard over one folder, in its own session so that Ctrl-C reaches only this process. */
export function startGuard(folder: string): Guard {
  const guard = spawn('sh', ['-c', GUARD, 'kafka-guard', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  letProcessEnd(guard);
  guard.stdin.on('error', () => undefined);

  const tell = (line: string): Promise<void> =>
    new Promise((resolve, reject) => {
      guard.stdin.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
    });

  return {
    async run(program, args, logFile) {
      const log = openSync(logFile, 'a');
      const child = spawn('sh', ['-c', LAUNCH, program, ...args], {
        detached: true,
        stdio: ['pipe', log, log],
      });
      closeSync(log);
      letProcessEnd(child);
      child.stdin?.on('error', () => undefined);
      await tell(`watch ${child.pid}`);
      child.once('exit', () => void tell(`forget ${child.pid}`).catch(() => undefined));
      child.stdin?.end('go\n');
      return child;
    },
    async close() {
      if (guard.exitCode !== null || guard.signalCode !== null) return;
      guard.ref();
      const gone = once(guard, 'exit');
      guard.stdin.end();
      await gone;
    },
  };
}

/** Neither the child nor its pipe holds this process: one that forgets to stop Kafka still ends. */
function letProcessEnd(child: ChildProcess): void {
  child.unref();
  (child.stdin as { unref?: () => void } | null)?.unref?.();
}
