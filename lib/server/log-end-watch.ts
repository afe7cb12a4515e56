import type { TopicPartition } from '../driver/record.js';
import type { RecordPosition } from './request-record.js';
import type { BrokerClock } from '../wire/broker-clock.js';

/** For how long, and how often, the end of a log is asked for, until a record behind it is read. */
const WATCH_MS = 60_000;
const ASK_EVERY_MS = 1_000;

/** How many logs are watched at once. */
const MAX_WATCHED = 16;

interface WatchedLog {
  readonly partition: TopicPartition;
  untilMs: number;
  isAsked: boolean;
  /** What stands there, or behind, was appended after the question. */
  end: { readonly offset: bigint; readonly askedAtMs: number } | undefined;
}

/**
 * Proves that records are new, without a clock to trust: what stands at or behind the end of a log was appended after the end
 * was asked for.
 *
 * Costs one question per second and log that is watched, and nothing when none is.
 */
export class LogEndWatch {
  private readonly watched = new Map<string, WatchedLog>();
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  /**
   * @param endOf the end of a partition's log
   * @param clock has this process' own time
   */
  constructor(
    private readonly endOf: (partition: TopicPartition) => Promise<bigint>,
    private readonly clock: Pick<BrokerClock, 'local'>,
  ) {}

  /** Watches a log for a minute, or until a record proves to be new. */
  watch({ topic, partition }: TopicPartition): void {
    const untilMs = this.clock.local() + WATCH_MS;
    const known = this.watched.get(nameOf(topic, partition));
    if (known !== undefined) known.untilMs = untilMs;
    if (known !== undefined || this.isClosed || this.watched.size >= MAX_WATCHED) return;
    const log: WatchedLog = { partition: { topic, partition }, untilMs, isAsked: false, end: undefined };
    this.watched.set(nameOf(topic, partition), log);
    void this.ask(log);
    this.timer ??= setInterval(() => this.askAll(), ASK_EVERY_MS).unref();
  }

  /** A record was read. @returns a time before which it was not in its log, if there is a proof of that. Ends the watch. */
  provenAfterMs({ topic, partition, offset }: RecordPosition): number | undefined {
    if (this.watched.size === 0) return undefined;
    const end = this.watched.get(nameOf(topic, partition))?.end;
    if (end === undefined || offset < end.offset) return undefined;
    this.watched.delete(nameOf(topic, partition));
    return end.askedAtMs;
  }

  close(): void {
    this.isClosed = true;
    this.watched.clear();
    clearInterval(this.timer);
  }

  private askAll(): void {
    const nowMs = this.clock.local();
    for (const [name, log] of this.watched) {
      if (log.untilMs < nowMs) this.watched.delete(name);
      else void this.ask(log);
    }
    if (this.watched.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async ask(log: WatchedLog): Promise<void> {
    if (log.isAsked) return;
    log.isAsked = true;
    const askedAtMs = this.clock.local();
    try {
      log.end = { offset: await this.endOf(log.partition), askedAtMs };
    } catch {
      // Asked again, while it is watched.
    }
    log.isAsked = false;
  }
}

const nameOf = (topic: string, partition: number): string => `${topic}:${partition}`;
