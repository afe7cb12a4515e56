import { KafkaRpcRecord, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { lastValueFrom, toArray } from 'rxjs';

const COUNT = 25;
const EVERY_MS = 20;
const TIMEOUT_MS = 30_000;

/** What became of the streams of a load. */
export interface StreamReport {
  readonly completed: number;
  readonly failures: readonly string[];
}

/** Keeps so many streams of `numbers` open, and looks whether each brings every number once and in order. */
export class StreamLoad {
  private completed = 0;
  private isOver = false;
  private readonly failures: string[] = [];
  private callers: readonly Promise<void>[] = [];

  constructor(private readonly client: KafkaRpcClient) {}

  start(atOnce: number): this {
    this.callers = Array.from({ length: atOnce }, () => this.callAgain());
    return this;
  }

  /** Opens no more streams. Resolves when those that are open have ended. */
  async stop(): Promise<StreamReport> {
    this.isOver = true;
    await Promise.all(this.callers);
    return { completed: this.completed, failures: this.failures };
  }

  private async callAgain(): Promise<void> {
    while (!this.isOver) await this.call();
  }

  private async call(): Promise<void> {
    const record = new KafkaRpcRecord({ count: COUNT, everyMs: EVERY_MS }, { timeoutMs: TIMEOUT_MS });
    try {
      const numbers = await lastValueFrom(this.client.send<number>('numbers', record).pipe(toArray()));
      if (numbers.join() === ALL.join()) this.completed += 1;
      else this.failures.push(`brought ${numbers.join()}`);
    } catch (error) {
      this.failures.push(String(error));
    }
  }
}

const ALL = Array.from({ length: COUNT }, (_, i) => i);
