import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { seededRandom } from './seeded-random.js';

const TICK_MS = 1;
const LOOK_MS = 20;
const QUOTED_FAILURES = 10;

/** What an `echo` handler of the tests answers: the caller's nonce, and who it is. */
export interface Echo {
  readonly nonce: string;
  readonly server: string;
  /** Where the call stood in the request topic. */
  readonly partition?: number;
}

/** One answered call, for those who look at when and where. */
export interface CallTrace {
  readonly sentAtMs: number;
  readonly tookMs: number;
  readonly server: string;
  readonly partition: number;
}

/** What became of the calls of a load. */
export interface LoadReport {
  readonly sent: number;
  readonly answered: number;
  /** Answers that were meant for another call. */
  readonly swapped: number;
  readonly failures: readonly string[];
  readonly slowestMs: number;
  /** Answers by the name of the server. */
  readonly byServer: Readonly<Record<string, number>>;
}

export interface LoadOptions {
  /** Goes with every call, beside the nonce. */
  readonly data?: object;
  readonly timeoutMs?: number;
  /** Calls take one of so many keys in turn, and carry it and their number under it as data. */
  readonly keys?: number;
  /** At random times, as independent callers would: the seed of a Poisson process. @default at even times */
  readonly poissonSeed?: number;
  /** Keeps a trace of each answered call. */
  readonly isTraced?: boolean;
}

/** Calls `echo` with a nonce each, and looks whether every call gets its own nonce back. */
export class CallLoad {
  private sent = 0;
  private answered = 0;
  private swapped = 0;
  private slowestMs = 0;
  private readonly failures: string[] = [];
  private readonly byServer: Record<string, number> = {};
  readonly traces: CallTrace[] = [];
  private readonly sentUnder: number[] = [];
  private readonly open = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: KafkaRpcClient,
    private readonly options: LoadOptions = {},
  ) {}

  get openCalls(): number {
    return this.open.size;
  }

  get answers(): number {
    return this.answered;
  }

  /** Makes so many calls, so many at once. Resolves when all have ended. */
  async run(calls: number, atOnce: number): Promise<LoadReport> {
    let left = calls;
    const caller = async (): Promise<void> => {
      while (left-- > 0) await this.call();
    };
    await Promise.all(Array.from({ length: atOnce }, caller));
    return this.report();
  }

  /** Makes calls at a steady rate, whatever becomes of them, until `stop()`. */
  start(perSecond: number): this {
    const gapMs = this.gaps(1_000 / perSecond);
    let dueAt = performance.now();
    this.timer = setInterval(() => {
      for (; dueAt <= performance.now(); dueAt += gapMs()) this.add();
    }, TICK_MS);
    return this;
  }

  /** Makes so many calls at once, besides any others. */
  burst(calls: number): this {
    for (let i = 0; i < calls; i++) this.add();
    return this;
  }

  /** Resolves when so many more calls are answered. @throws what became of all of them, when that takes too long. */
  async answersGrow(by: number, withinMs: number): Promise<void> {
    const wanted = this.answered + by;
    const startedAt = performance.now();
    while (this.answered < wanted) {
      if (performance.now() - startedAt > withinMs)
        throw new Error(`Not ${wanted} answers within ${withinMs} ms: ${JSON.stringify(this.report())}`);
      await sleep(LOOK_MS);
    }
  }

  /** Makes no more calls. Resolves when those under way have ended. */
  async stop(): Promise<LoadReport> {
    this.end();
    await this.settled();
    return this.report();
  }

  /** Makes no more calls, and waits for none. */
  end(): void {
    clearInterval(this.timer);
  }

  /** Resolves when the calls that are under way now have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.open);
  }

  private gaps(meanMs: number): () => number {
    const { poissonSeed } = this.options;
    if (poissonSeed === undefined) return () => meanMs;
    const random = seededRandom(poissonSeed);
    return () => -Math.log(1 - random.next()) * meanMs;
  }

  private add(): void {
    const call = this.call().finally(() => this.open.delete(call));
    this.open.add(call);
  }

  private async call(): Promise<void> {
    const nonce = randomBytes(8).toString('hex');
    const startedAt = performance.now();
    const { timeoutMs, data } = this.options;
    const keyed = this.nextKeyed();
    this.sent += 1;
    try {
      const { value } = await this.client.call<Echo>(
        'echo',
        { ...data, ...keyed, nonce },
        { timeoutMs, key: keyed?.key },
      );
      this.answered += 1;
      if (value.nonce !== nonce) this.swapped += 1;
      this.byServer[value.server] = (this.byServer[value.server] ?? 0) + 1;
      if (this.options.isTraced) this.trace(value, startedAt);
    } catch (error) {
      this.failures.push(String(error));
    }
    this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
  }

  private nextKeyed(): { readonly key: string; readonly number: number } | undefined {
    if (this.options.keys === undefined) return undefined;
    const at = this.sent % this.options.keys;
    const number = (this.sentUnder[at] = (this.sentUnder[at] ?? 0) + 1);
    return { key: `${this.client.id}-${at}`, number };
  }

  private trace({ server, partition }: Echo, startedAt: number): void {
    const tookMs = performance.now() - startedAt;
    this.traces.push({ sentAtMs: Date.now() - tookMs, tookMs, server, partition: partition ?? -1 });
  }

  private report(): LoadReport {
    const { sent, answered, swapped, failures, slowestMs, byServer } = this;
    return {
      sent,
      answered,
      swapped,
      failures: failures.slice(0, QUOTED_FAILURES),
      slowestMs: Math.round(slowestMs),
      byServer,
    };
  }
}

/** What a load reports when every call was answered with its own answer. */
export const allAnswered = (sent: number): Partial<LoadReport> => ({
  sent,
  answered: sent,
  swapped: 0,
  failures: [],
});

/** The report of several loads as of one. */
export const inAll = (reports: readonly LoadReport[]): LoadReport => {
  const sum = (of: (report: LoadReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const byServer: Record<string, number> = {};
  for (const [server, answers] of reports.flatMap((report) => Object.entries(report.byServer))) {
    byServer[server] = (byServer[server] ?? 0) + answers;
  }
  return {
    sent: sum(({ sent }) => sent),
    answered: sum(({ answered }) => answered),
    swapped: sum(({ swapped }) => swapped),
    failures: counted(reports.flatMap(({ failures }) => failures)),
    slowestMs: Math.max(...reports.map(({ slowestMs }) => slowestMs)),
    byServer,
  };
};

/** Each text once, with its number: a fault fails hundreds of calls alike. */
const counted = (texts: readonly string[]): string[] => {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => `${count} × ${text}`);
};
