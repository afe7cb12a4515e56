import type { Counters } from '../diagnostics/counters.js';
import type { TopicPartition } from '../driver/record.js';
import type { RpcError } from '../errors/rpc-error.js';
import type { Outbox } from '../wire/outbox.js';
import type { Caller } from './caller.js';
import type { IncomingCall } from './incoming-call.js';
import type { PartitionShare } from './partition-share.js';
import type { RequestClock } from './request-clock.js';
import { stopError } from './stop-reasons.js';

export interface SilentClientsParts {
  /** After so long without a record of a client its calls end; 0 for never. */
  readonly silenceMs: number;
  readonly callers: () => Iterable<Caller>;
  /** The end of a partition's log. */
  readonly endOf: (partition: TopicPartition) => Promise<bigint>;
  readonly outbox: Pick<Outbox, 'send'>;
  readonly clock: Pick<RequestClock, 'now'>;
  readonly counters: Counters;
}

/** So many signs may be missing, whatever the server allows. */
const SIGNS_MISSING = 4;

const LOOKS_PER_SILENCE = 6;
const MIN_LOOK_MS = 20;

/** From this part of the silence on it is made sure that this server would hear. */
const DOUBTFUL_PART = 2 / 3;

/** A broker that takes longer to answer may not have taken what the client sent either. */
const SLOW_MS = 1_000;

/** Where a log ended. */
interface LogEnd {
  readonly askedAtMs: number;
  readonly offset: bigint;
}

/**
 * Ends the calls of clients that are dead, by their silence.
 *
 * That a server hears nothing is no proof: it may be paused, behind, or away from the broker. So the silence counts only while the broker
 * answers this server, and only once all that was in the log by then was taken in. Clients that do not announce signs
 * of life are never ended.
 */
export class SilentClients {
  private readonly timer: NodeJS.Timeout | undefined;
  private readonly ends = new Map<PartitionShare, LogEnd>();
  private readonly asked = new Set<PartitionShare>();
  /** Until then nothing might have been heard of anybody. */
  private blindUntilMs = -Infinity;

  constructor(private readonly parts: SilentClientsParts) {
    const { silenceMs } = parts;
    const everyMs = Math.max(MIN_LOOK_MS, silenceMs / LOOKS_PER_SILENCE);
    if (silenceMs > 0) this.timer = setInterval(() => this.look(), everyMs).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const nowMs = performance.now();
    const doubtful = new Map<PartitionShare, TopicPartition>();
    for (const caller of this.parts.callers()) this.lookAt(caller, nowMs, doubtful);
    for (const share of this.ends.keys()) if (!doubtful.has(share)) this.ends.delete(share);
    for (const [share, partition] of doubtful) void this.ask(share, partition);
  }

  private lookAt(caller: Caller, nowMs: number, doubtful: Map<PartitionShare, TopicPartition>): void {
    const { signEveryMs, calls } = caller;
    if (signEveryMs === undefined || calls.size === 0) return;
    const limitMs = Math.max(this.parts.silenceMs, signEveryMs * SIGNS_MISSING);
    const sinceMs = Math.max(caller.heardAtMs, this.blindUntilMs);
    if (nowMs - sinceMs < limitMs * DOUBTFUL_PART) return;
    for (const call of calls.values()) {
      const { share, record } = call.origin;
      // An event is nobody's: it runs, whoever sent it.
      if (share === undefined || share.isClosed || call.message.kind === 'event') continue;
      if (this.isProven(share, sinceMs + limitMs)) this.end(call, caller);
      else doubtful.set(share, record);
    }
  }

  /** Whether all was taken in that stood in the log by then. */
  private isProven(share: PartitionShare, byMs: number): boolean {
    const end = this.ends.get(share);
    return end !== undefined && end.askedAtMs >= byMs && share.hasTakenIn(end.offset);
  }

  private async ask(share: PartitionShare, { topic, partition }: TopicPartition): Promise<void> {
    const known = this.ends.get(share);
    if (this.asked.has(share) || (known !== undefined && !share.hasTakenIn(known.offset))) return;
    const askedAtMs = performance.now();
    this.asked.add(share);
    try {
      const offset = await this.parts.endOf({ topic, partition });
      this.ends.set(share, { askedAtMs, offset });
      if (performance.now() - askedAtMs > SLOW_MS) this.blindUntilMs = performance.now();
    } catch {
      this.blindUntilMs = performance.now();
    }
    this.asked.delete(share);
  }

  private end(call: IncomingCall, caller: Caller): void {
    if (!call.stop('silent')) return;
    this.parts.counters.add('callsOfSilentClients');
    const { replies } = caller;
    if (replies === null) return;
    const { status, message, retryable }: RpcError = stopError('silent');
    const { seq } = call.message;
    const times = { receivedAtMs: call.origin.receivedAtMs, repliedAtMs: this.parts.clock.now() };
    try {
      // It may live after all, and only have been cut off: then it is not to wait for nothing.
      this.parts.outbox.send(replies, {
        kind: 'error',
        seq,
        run: 0,
        status,
        message,
        retryable,
        details: NO_DETAILS,
        ...times,
      });
    } catch {
      // The outbox is full. Most likely nobody listens.
    }
  }
}

const NO_DETAILS = Buffer.alloc(0);
