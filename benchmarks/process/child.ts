import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, AnswerOf, ArgumentOf, Commands, Question } from './ipc.js';
import type { RunningProgram } from './running-program.js';

const LEAVE_WITHIN_MS = 10_000;

/** The main process's end of a program: questions go out, answers come back. */
export class Child<C extends Commands<C>> {
  private readonly open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  private asked = 0;
  private isLeaving = false;

  /** @param name what messages call it, for instance "the server of nest-tcp" */
  constructor(
    private readonly name: string,
    private readonly program: RunningProgram,
  ) {
    program.onAnswer((answer) => this.settle(answer));
    program.process.on('error', (error) => this.failAll(error));
    program.process.on('exit', (code, signal) => this.onExit(code, signal));
  }

  /** Rejects with the program's own error, or when it ends without an answer. */
  ask<K extends keyof C & string>(command: K, argument: ArgumentOf<C[K]>): Promise<AnswerOf<C[K]>> {
    if (!this.program.isReachable()) return Promise.reject(new Error(`${this.name} does not run`));
    const question: Question = { id: (this.asked += 1), command, argument };
    return new Promise<AnswerOf<C[K]>>((resolve, reject) => {
      this.open.set(question.id, { resolve: (value) => resolve(value as AnswerOf<C[K]>), reject });
      this.program.send(question, (error) => this.settle({ id: question.id, error: error.message }));
    });
  }

  /** Holds the program still, wherever it is, until `resume()`: it takes no CPU time, and its sockets stay open. */
  pause(): void {
    this.program.process.kill('SIGSTOP');
  }

  resume(): void {
    this.program.process.kill('SIGCONT');
  }

  /** Asks it to leave, which closes its connections in order; kills it when it does not go. Idempotent. */
  async stop(): Promise<void> {
    const { process } = this.program;
    const neverRan = process.pid === undefined;
    if (neverRan || process.exitCode !== null || process.signalCode !== null) return;
    const gone = once(process, 'exit');
    this.resume();
    if (!this.isLeaving && this.program.isReachable()) {
      this.isLeaving = true;
      this.program.send({ id: 0, command: 'leave', argument: null }, () => undefined);
    }
    const stay = new AbortController();
    const force = sleep(LEAVE_WITHIN_MS, undefined, { signal: stay.signal }).then(
      () => process.kill('SIGKILL'),
      () => undefined,
    );
    await gone;
    stay.abort();
    await force;
  }

  /** Ends it with nothing said to anybody, as a crash does. */
  async kill(): Promise<void> {
    const { process } = this.program;
    const gone = once(process, 'exit');
    if (process.kill('SIGKILL')) await gone;
  }

  private settle({ id, value, error }: Answer): void {
    const waiting = this.open.get(id);
    this.open.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(`${this.name}: ${error}`));
  }

  private onExit(code: number | null, signal: NodeJS.Signals | null): void {
    this.failAll(new Error(`${this.name} ended by itself (${signal ?? `code ${code}`})`));
  }

  private failAll(error: Error): void {
    const waiting = [...this.open.values()];
    this.open.clear();
    for (const { reject } of waiting) reject(error);
  }
}
