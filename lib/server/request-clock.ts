import type { TopicPartition } from '../driver/record.js';
import type { RecordPosition } from './request-record.js';
import type { BrokerClock } from '../wire/broker-clock.js';
import { ClockBounds } from '../wire/clock-bounds.js';
import type { BrokerTimes } from './broker-times.js';
import type { LogEndWatch } from './log-end-watch.js';

/** What is asked when a call looks late. */
export interface ClockSources {
  leaderOf(partition: TopicPartition): number | undefined;
  readonly times: Pick<BrokerTimes, 'ask'>;
  readonly ends: Pick<LogEndWatch, 'watch' | 'provenAfterMs'>;
}

/** When a record came, on two clocks of this process: asked once for all of its calls. */
export interface Arrival {
  /** On `BrokerClock`'s own clock. */
  readonly localMs: number;
  /** On `performance.now()`'s, which is that of deadlines. */
  readonly monotonicMs: number;
}

/**
 * How much time requests have left.
 *
 * A call's age is counted from its append time, on the clock of the broker that leads its partition. What this process knows
 * of that clock may be wrong: it was set, or that broker was never heard of. So before a call is given up as late its broker is
 * asked again. For a broker that cannot be asked the log has the proof: what stands behind an end that was asked for was
 * appended after the question, whatever its time says.
 *
 * The time left is a lower bound: a call that may be over is not started. The uncertainty is half a round trip to the
 * broker, so the answer of such a call would not arrive in time either.
 */
export class RequestClock {
  /** What records that prove to be new tell of the clocks of their partitions. */
  private readonly proven = new Map<string, ClockBounds>();

  /** @param sources none where nothing can be asked */
  constructor(
    private readonly clock: BrokerClock,
    private readonly sources?: ClockSources,
  ) {}

  /** Milliseconds since the epoch on the estimate of a broker's clock, always the same one's. */
  now(): number {
    return this.clock.now();
  }

  /** Of something that arrives now. */
  arrival(): Arrival {
    return { localMs: this.clock.local(), monotonicMs: performance.now() };
  }

  /** This process' own clock, which does not go back. */
  local(): number {
    return this.clock.local();
  }

  /** Takes in a record that was read just now. Costs nothing while no call looks late. */
  received(record: RecordPosition): void {
    const provenAfterMs = this.sources?.ends.provenAfterMs(record);
    if (provenAfterMs === undefined && this.proven.size === 0) return;
    const nowMs = this.clock.local();
    const name = nameOf(record);
    if (provenAfterMs !== undefined) {
      const bounds = new ClockBounds();
      bounds.observe(provenAfterMs, nowMs, record.timestampMs);
      this.proven.set(name, bounds);
    } else if (record.timestampMs - nowMs > (this.proven.get(name)?.highestOffsetMs ?? Infinity)) {
      // From the future: that clock was set again.
      this.proven.delete(name);
    }
  }

  /**
   * Milliseconds until the caller gives up, at least; never more than its whole time. Infinity when it never does.
   * @param localMs what counts as now, on this process' own clock
   */
  timeLeftMs(record: RecordPosition, ttlMs: number, localMs = this.clock.local()): number {
    if (ttlMs === 0) return Infinity;
    const brokerNowMs = localMs + this.offsetMs(record);
    return Math.min(ttlMs, record.timestampMs + ttlMs - brokerNowMs);
  }

  /**
   * To be asked before a call is given up as late.
   * @returns undefined when its time is known to be right; else what resolves, soon and always, when it is to be looked at again.
   */
  recheck(record: RecordPosition): Promise<void> | undefined {
    if (this.sources === undefined) return undefined;
    const { leaderOf, times, ends } = this.sources;
    ends.watch(record);
    return times.ask(leaderOf(record));
  }

  private offsetMs(record: RecordPosition): number {
    const ofBroker = this.clock.boundsOf(this.sources?.leaderOf(record));
    const ofLog = this.proven.size === 0 ? undefined : this.proven.get(nameOf(record));
    if (ofLog === undefined) return ofBroker?.highestOffsetMs ?? 0;
    // A record proves more than what was heard of a broker that may lead the partition only now.
    const isBehind = ofBroker === undefined || ofLog.highestOffsetMs < ofBroker.lowestOffsetMs;
    return isBehind ? ofLog.lowestOffsetMs : ofBroker.highestOffsetMs;
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;
