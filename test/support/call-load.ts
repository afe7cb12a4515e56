import { randomBytes } from 'node:crypto';
import type { KafkaRpcClient } from 'nestjs-kafka-rpc';

/** What an `echo` handler of the tests answers: the caller's nonce, and who it is. */
export interface Echo {
  readonly nonce: string;
  readonly server: string;
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
}

/** Calls `echo` with a nonce each, and looks whether every call gets its own nonce back. */
export class CallLoad {
  private sent = 0;
  private answered = 0;
  private swapped = 0;
  private slowestMs = 0;
  private readonly failures: string[] = [];
  private readonly byServer: Record<string, number> = {};
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
    const startedAt = performance.now();
    let made = 0;
    this.timer = setInterval(() => {
      const due = ((performance.now() - startedAt) * perSecond) / 1_000;
      for (; made < due; made++) this.add();
    }, 10);
    return this;
  }

  /** Makes so many calls at once, besides any others. */
  burst(calls: number): this {
    for (let i = 0; i < calls; i++) this.add();
    return this;
  }

  /** Makes no more calls. Resolves when those under way have ended. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.timer);
    await this.settled();
    return this.report();
  }

  /** Resolves when the calls that are under way now have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.open);
  }

  private add(): void {
    const call = this.call().finally(() => this.open.delete(call));
    this.open.add(call);
  }

  private async call(): Promise<void> {
    const nonce = randomBytes(8).toString('hex');
    const startedAt = performance.now();
    this.sent += 1;
    try {
      const { timeoutMs, data } = this.options;
      const { value } = await this.client.call<Echo>('echo', { ...data, nonce }, { timeoutMs });
      this.answered += 1;
      if (value.nonce !== nonce) this.swapped += 1;
      this.byServer[value.server] = (this.byServer[value.server] ?? 0) + 1;
    } catch (error) {
      this.failures.push(String(error));
    }
    this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
  }

  private report(): LoadReport {
    const { sent, answered, swapped, failures, slowestMs, byServer } = this;
    return {
      sent,
      answered,
      swapped,
      failures: failures.slice(0, 10),
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
