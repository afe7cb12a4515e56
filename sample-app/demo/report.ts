import type { CallTimings } from 'nestjs-kafka-rpc';
import type { Answer } from './scenes/scene.js';
import { stopwatch } from './stopwatch.js';

/** What a person reads while the demo runs, and the sum of it. */
export class Report {
  private readonly elapsedMs = stopwatch();
  private right = 0;
  private failures = 0;

  constructor(private readonly print: (line: string) => void) {
    print('nestjs-kafka-rpc: calls over Kafka, from start to end\n');
  }

  /** Something that the reader should know. */
  note(line: string): void {
    this.print(`  ${line}`);
  }

  started(what: string, description: string, afterMs: number): void {
    this.print(`  ${what.padEnd(9)} ${description}, ready after ${seconds(afterMs)}`);
  }

  scene(title: string): void {
    this.print(`\n${title}`);
  }

  /** One line: how it was asked, what came, who answered, where the time went. */
  answer({ via, answer, by, time, calls = 1, wrong }: Answer): void {
    this.print(`  ${via.padEnd(12)} ${answer.padEnd(26)} by ${names(by)}: ${time}`);
    if (wrong === undefined) this.right += calls;
    else this.failed(`WRONG: ${wrong}`);
  }

  failed(error: unknown): void {
    this.failures += 1;
    this.print(`  ${error instanceof Error ? `FAILED: ${error.message}` : String(error)}`);
  }

  /** @returns the exit code */
  end(): number {
    const outcome =
      this.failures === 0
        ? `All ${count(this.right)} answers are right.`
        : `NOT ALL IS WELL. Failures: ${count(this.failures)}, right answers: ${count(this.right)}.`;
    this.print(
      `\n${outcome} ${seconds(this.elapsedMs())} in all, and everything that was started has ended.`,
    );
    return this.failures === 0 ? 0 : 1;
  }
}

/** Enough of a server's id to tell it from others. */
export const shortId = (serverId: string): string => serverId.slice(0, 8);

export const count = (value: number): string => Math.round(value).toLocaleString('en-US');

export const ms = (value: number): string => `${tenths(value)} ms`;

const tenths = (value: number): string => value.toFixed(value < 100 ? 1 : 0);

/** The legs of a call, in the order of its journey; they add up. */
export const legs = (
  { totalMs, requestFlightMs, serverMs, replyFlightMs }: CallTimings,
  httpMs = totalMs,
): string => {
  const journey = [
    `there ${tenths(requestFlightMs)}`,
    `server ${tenths(serverMs)}`,
    `back ${tenths(replyFlightMs)}`,
  ];
  if (httpMs > totalMs) journey.unshift(`HTTP ${tenths(httpMs - totalMs)}`);
  return `${ms(httpMs)} = ${journey.join(' + ')}`;
};

const seconds = (value: number): string => `${(value / 1_000).toFixed(1)} s`;

/** One server by its name; several with how often each answered. */
const names = (serverIds: readonly string[]): string => {
  const answers = new Map<string, number>();
  for (const id of serverIds) answers.set(shortId(id), (answers.get(shortId(id)) ?? 0) + 1);
  const [only, ...others] = [...answers].sort();
  if (only === undefined) return 'nobody';
  if (others.length === 0) return only[0];
  return [only, ...others].map(([id, times]) => `${id} ${times}`).join(', ');
};
