import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

/** The compiled demo, beside which service and gateway lie. */
const HERE = dirname(process.argv[1] as string);
const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 15_000;

export interface ProgramOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Matches the line that says that it is ready. */
  readonly isReady: RegExp;
  /** Told of every other line. */
  readonly onLine: (line: string) => void;
}

/** The service or the gateway in a process of its own, on a leash: it cannot outlive this one. */
export class Program {
  /** What the line of its readiness says. @throws when it ends, or takes too long, before it is ready */
  readonly ready: Promise<Record<string, string>>;
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;
  private isStopping = false;

  constructor(
    private readonly name: string,
    { env, isReady, onLine }: ProgramOptions,
  ) {
    const leash = pathToFileURL(join(HERE, 'leash.js')).href;
    this.child = spawn(process.execPath, ['--import', leash, join(HERE, '..', name, 'main.js')], {
      env: { ...process.env, ...env },
      stdio: 'pipe',
    });
    this.ended = once(this.child, 'exit');
    this.ready = this.whenReady(isReady, onLine);
    // It may fail while another start is awaited; whoever awaits this one hears of it then.
    this.ready.catch(() => undefined);
  }

  /** As `kill` and Ctrl-C do: what runs is answered first. Forced when that takes too long. */
  async stop(): Promise<void> {
    this.isStopping = true;
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    const force = setTimeout(() => this.child.kill('SIGKILL'), STOPPED_WITHIN_MS);
    await this.ended;
    clearTimeout(force);
  }

  private whenReady(isReady: RegExp, onLine: (line: string) => void): Promise<Record<string, string>> {
    return new Promise((resolve, reject) => {
      const tooLate = setTimeout(() => reject(this.failure('is not ready in time')), READY_WITHIN_MS);
      const onAnyLine = (line: string): void => {
        const facts = isReady.exec(line)?.groups;
        if (facts === undefined) return onLine(`${this.name}: ${line}`);
        clearTimeout(tooLate);
        resolve(facts);
      };
      for (const input of [this.child.stdout, this.child.stderr]) {
        if (input !== null) createInterface({ input }).on('line', onAnyLine);
      }
      void this.ended.then(() => {
        clearTimeout(tooLate);
        reject(this.failure('ended before it was ready'));
        if (!this.isStopping) onLine(`${this.name}: ended by itself`);
      });
    });
  }

  private failure(what: string): Error {
    return new Error(`The ${this.name} ${what} (process ${this.child.pid}).`);
  }
}
