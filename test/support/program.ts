import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** How a process ended: with a code of its own, or by a signal. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a program says to the test that started it. */
export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly value?: unknown; readonly error?: string }
  | { readonly kind: 'news'; readonly news: unknown };

interface Asked {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

const QUOTED_CHARACTERS = 4_000;

export interface ProgramOptions {
  /** Where in `build/test` the program is. @default 'programs' */
  readonly folder?: string;
  /** The checkout, or what stands for it. @default '.' */
  readonly root?: string;
  /** Options of Node itself, such as a module to load first. @default none */
  readonly nodeOptions?: readonly string[];
}

/** A compiled program of `test` in a process of its own: asked for things, told news, killed. */
export class Program {
  readonly ended: Promise<ProgramEnd>;
  private readonly asked = new Map<number, Asked>();
  private readonly listeners: ((news: never) => void)[] = [];
  private lastId = 0;
  private output = '';

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
  ) {
    this.ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }) as ProgramEnd);
    child.on('message', (told: Told) => this.onTold(told));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => (this.output = (this.output + text).slice(-QUOTED_CHARACTERS)));
    }
    child.on('exit', () => this.asked.forEach(({ reject }) => reject(this.gone())));
  }

  /** Resolves when the program says that it is ready. @throws with the end of its output when it ends before. */
  static async start(
    name: string,
    settings: object,
    { folder = 'programs', root = '.', nodeOptions = [] }: ProgramOptions = {},
  ): Promise<Program> {
    const file = resolve(root, 'build/test', folder, `${name}.js`);
    if (!existsSync(file)) throw new Error(`${file} is missing: npm run build:programs makes it.`);
    const child = fork(file, [JSON.stringify(settings)], { silent: true, execArgv: [...nodeOptions] });
    const program = new Program(name, child);
    await new Promise<void>((ready, reject) => {
      program.child.on('message', (told: Told) => told.kind === 'ready' && ready());
      program.child.once('exit', () => reject(program.gone()));
    });
    return program;
  }

  /** Has the program run one of its commands. */
  ask<T>(command: string, data?: unknown): Promise<T> {
    const id = ++this.lastId;
    return new Promise<T>((resolve, reject) => {
      this.asked.set(id, { resolve, reject });
      this.child.send({ id, command, data }, (error) => error && reject(error));
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Whether the process has not ended yet. */
  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The end of what it printed. */
  get lastOutput(): string {
    return this.output;
  }

  onNews<T>(listener: (news: T) => void): void {
    this.listeners.push(listener);
  }

  /** Sends a signal: SIGSTOP and SIGCONT, and whatever the process is to survive. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Sends a signal and waits for the end of the process. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ProgramEnd> {
    this.child.kill(signal);
    return this.ended;
  }

  private onTold(told: Told): void {
    if (told.kind === 'news') return this.listeners.forEach((listener) => listener(told.news as never));
    if (told.kind !== 'answer') return;
    const asked = this.asked.get(told.id);
    this.asked.delete(told.id);
    if (told.error === undefined) asked?.resolve(told.value as never);
    else asked?.reject(new Error(`${this.name}: ${told.error}`));
  }

  private gone(): Error {
    const { exitCode, signalCode } = this.child;
    return new Error(
      `Program ${this.name} ended with ${signalCode ?? exitCode}: ${this.output || '(no output)'}`,
    );
  }
}
