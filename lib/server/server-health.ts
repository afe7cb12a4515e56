import type { Health, StateHistory } from '../diagnostics/health.js';
import type { KafkaRpcServerState } from './server-state.js';

/** How a server is. */
export interface KafkaRpcServerHealth extends Health<KafkaRpcServerState> {
  /** Of the topics of its services, so many are read by this server. */
  readonly partitions: number;
  /** Calls and events that were read, and are not finished. */
  readonly callsInHand: number;
  /** Handlers that run. */
  readonly running: number;
  /** Handlers that run though nobody waits for them. */
  readonly abandonedHandlers: number;
  /** How many calls wait since when nothing has been started or ended; undefined while things get on. */
  readonly stuck: { readonly queued: number; readonly sinceMs: number } | undefined;
}

/** What a running server tells. */
export interface ServerFigures {
  readonly callsInHand: number;
  readonly runningHandlers: number;
  readonly abandonedHandlers: number;
  readonly assignedPartitions: number;
}

/** Of `health()`. */
export interface ServerHealthOptions {
  /**
   * A server is not live when calls wait and no handler has been started or has ended for so long, in milliseconds. Longer than your
   * slowest handler takes. @default 300000
   */
  readonly stuckAfterMs?: number;
}

/** A rebalance of so long is not one any more. */
const LONGEST_REBALANCE_MS = 60_000;

const READY: readonly KafkaRpcServerState[] = ['connected', 'rebalancing'];

const NOTHING: ServerFigures = {
  callsInHand: 0,
  runningHandlers: 0,
  abandonedHandlers: 0,
  assignedPartitions: 0,
};

/**
 * Says how a server is from what is known of it. Whether it gets on is seen by whoever asks again and again, as probes do: from one
 * `health()` to the next, so that no call pays for it.
 */
export class ServerHealth {
  private seen = { progress: -1, atMs: 0 };

  /** @param progress grows when a handler starts or ends */
  constructor(
    private readonly history: StateHistory<KafkaRpcServerState>,
    private readonly progress: () => number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @param figures undefined while the server does not run */
  health(figures: ServerFigures = NOTHING, stuckAfterMs: number): KafkaRpcServerHealth {
    const { state, sinceMs, reason } = this.history.current;
    const { callsInHand, runningHandlers: running, abandonedHandlers, assignedPartitions } = figures;
    const stillForMs = this.stillForMs(callsInHand - running);
    const isStuck = stillForMs >= stuckAfterMs;
    return {
      state,
      since: new Date(sinceMs),
      reason,
      isReady: READY.includes(state) && !this.isEndlessRebalance(),
      isLive: !isStuck,
      partitions: assignedPartitions,
      callsInHand,
      running,
      abandonedHandlers,
      stuck: isStuck ? { queued: callsInHand - running, sinceMs: Math.round(stillForMs) } : undefined,
    };
  }

  private isEndlessRebalance(): boolean {
    return this.history.current.state === 'rebalancing' && this.history.ageMs > LONGEST_REBALANCE_MS;
  }

  /** For how long nothing has got on, as far as anybody has looked. */
  private stillForMs(queued: number): number {
    const progress = this.progress();
    const atMs = this.now();
    if (progress !== this.seen.progress || queued === 0) this.seen = { progress, atMs };
    return atMs - this.seen.atMs;
  }
}
