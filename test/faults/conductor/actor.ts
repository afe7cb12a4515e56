import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Program, type ProgramEnd } from '../../support/program.js';
import { readLines } from '../actors/line-file.js';
import type { FatalLine, StallLine } from '../actors/lines.js';
import { machineMs } from '../machine-clock.js';
import type { ProcessStory } from '../witnesses/evidence.js';

export interface ActorPlan {
  readonly name: string;
  readonly role: 'client' | 'server';
  readonly settings: object;
  /** Where its ledger or journal is. */
  readonly folder: string;
  /** A module that plants a bug in the package. */
  readonly nodeOptions?: readonly string[];
}

const ENDS_WITHIN_MS = 40_000;

/** A client or a server in a process of its own, and what the suite does to it. */
export class Actor {
  private endedBy: ProcessStory['endedBy'];
  private end: ProgramEnd | undefined;
  private tookToEndMs: number | undefined;
  private atRest: ProcessStory['atRest'];
  readonly pid: number;

  private constructor(
    private readonly plan: ActorPlan,
    private readonly program: Program,
  ) {
    this.pid = program.pid;
    void program.ended.then((end) => (this.end = end));
  }

  static async start(plan: ActorPlan): Promise<Actor> {
    const { role, settings, nodeOptions } = plan;
    return new Actor(plan, await Program.start(role, settings, { folder: 'faults/actors', nodeOptions }));
  }

  static fileOf({ folder, name }: Pick<ActorPlan, 'folder' | 'name'>): string {
    return join(folder, `${name}.jsonl`);
  }

  get name(): string {
    return this.plan.name;
  }

  get isRunning(): boolean {
    return this.program.isRunning;
  }

  /** Whether it stands still by a SIGSTOP. */
  get isStopped(): boolean {
    const state = execFileSync('ps', ['-o', 'stat=', '-p', `${this.pid}`], { encoding: 'utf8' });
    return state.trim().startsWith('T');
  }

  ask<T>(command: string, data?: unknown): Promise<T> {
    return this.program.ask<T>(command, data);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.program.signal(signal);
  }

  async kill(): Promise<void> {
    this.endedBy = 'SIGKILL';
    await this.program.kill('SIGKILL');
  }

  /** It is to die by itself, as if it had been killed. */
  expectDeath(): Promise<ProgramEnd> {
    this.endedBy = 'SIGKILL';
    return this.program.ended;
  }

  /** Ends it in order, as a deployment does. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.endedBy = 'SIGTERM';
    const from = machineMs();
    const force = setTimeout(() => this.program.signal('SIGKILL'), ENDS_WITHIN_MS);
    await this.program.kill('SIGTERM');
    clearTimeout(force);
    this.tookToEndMs = machineMs() - from;
  }

  rest(atRest: NonNullable<ProcessStory['atRest']>): void {
    this.atRest = atRest;
  }

  lines<Line>(): Line[] {
    return readLines<Line>(Actor.fileOf(this.plan));
  }

  story(): ProcessStory {
    const { name, role } = this.plan;
    const { pid, endedBy, end, tookToEndMs, atRest } = this;
    const lines = this.lines<StallLine | FatalLine>();
    const stalls = lines.filter((line): line is StallLine => line.e === 'stall');
    const printed = end !== undefined && endedBy === undefined ? [this.program.lastOutput] : [];
    const fatal = lines.filter((line): line is FatalLine => line.e === 'fatal').map(({ text }) => text);
    return { name, role, pid, endedBy, end, tookToEndMs, atRest, stalls, fatal: [...fatal, ...printed] };
  }
}
