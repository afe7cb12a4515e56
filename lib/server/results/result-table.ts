import type { Counters } from '../../diagnostics/counters.js';
import type { KeptEnd } from '../../protocol/message.js';

export interface KeptResult {
  readonly requestDigest: Buffer;
  readonly doneAtMs: number;
  readonly end: KeptEnd;
}

export interface ResultTableLimits {
  readonly ttlMs: number;
  readonly maxBytes: number;
}

/** What a result takes in memory beside its payload, near enough. */
const RESULT_BYTES = 400;

/** Results of this server's partitions by name: for a time, and within a bound. */
export class ResultTable {
  /** Roughly in the order in which they came about. */
  private readonly results = new Map<string, KeptResult>();
  private bytes = 0;

  constructor(
    private readonly limits: ResultTableLimits,
    private readonly counters: Pick<Counters, 'add'>,
    /** Milliseconds since the epoch, on the broker's clock. */
    private readonly nowMs: () => number,
  ) {}

  get size(): number {
    return this.results.size;
  }

  get(name: string): KeptResult | undefined {
    const result = this.results.get(name);
    return result === undefined || this.isOver(result) ? undefined : result;
  }

  /** The first result of a name counts. @returns the one that does; undefined for one that came too late to be kept. */
  add(name: string, result: KeptResult): KeptResult | undefined {
    const first = this.get(name);
    if (first !== undefined) return first;
    if (this.isOver(result)) return undefined;
    this.remove(name);
    this.results.set(name, result);
    this.bytes += bytesOf(result);
    this.makeRoom();
    return result;
  }

  /** What was kept of a partition that is lost. @param prefix of its names */
  forget(prefix: string): void {
    for (const name of this.results.keys()) if (name.startsWith(prefix)) this.remove(name);
  }

  private makeRoom(): void {
    for (const [name, result] of this.results) {
      const isOver = this.isOver(result);
      if (!isOver && (this.bytes <= this.limits.maxBytes || this.results.size === 1)) return;
      if (!isOver) this.counters.add('resultsForgotten');
      this.remove(name);
    }
  }

  private remove(name: string): void {
    const result = this.results.get(name);
    if (result === undefined) return;
    this.results.delete(name);
    this.bytes -= bytesOf(result);
  }

  private isOver({ doneAtMs }: KeptResult): boolean {
    return doneAtMs + this.limits.ttlMs <= this.nowMs();
  }
}

const bytesOf = ({ end }: KeptResult): number => {
  if ('payload' in end) return RESULT_BYTES + (end.payload?.length ?? 0);
  return RESULT_BYTES + 2 * end.message.length + end.details.length;
};
