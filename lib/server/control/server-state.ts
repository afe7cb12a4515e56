import type { CounterSnapshot } from '../../diagnostics/counters.js';
import type { TopicPartition } from '../../driver/record.js';
import { CAPABILITIES } from '../../protocol/capabilities.js';
import { PACKAGE_VERSION } from '../../protocol/package-version.js';
import type { Ask, PongState, ServerEndpoint, ServerLoad } from '../../protocol/pong.js';
import type { IncomingCall } from '../incoming-call.js';
import type { ResolvedServerOptions } from '../server-options.js';

export interface ServerStateParts {
  readonly options: ResolvedServerOptions;
  readonly endpoints: () => readonly ServerEndpoint[];
  /** What this server owns, of all its groups. */
  readonly assignment: () => readonly TopicPartition[];
  readonly queue: { readonly length: number; readonly runningCount: number };
  readonly openCalls: () => Iterable<IncomingCall>;
  readonly counters: () => CounterSnapshot;
  /** A clock that does not go back, that of `Arrival`. */
  readonly nowMs?: () => number;
}

/** What this server can do, as it is set up. */
export const capabilitiesOf = ({ idempotency, clientSilenceMs }: ResolvedServerOptions): readonly string[] =>
  CAPABILITIES.filter(
    (name) =>
      (name !== 'idempotency-keys' || idempotency !== undefined) &&
      (name !== 'signs-of-life' || clientSilenceMs > 0),
  );

/** What a server says of itself when it is asked. Nothing of it is kept up to date: it is looked at then. */
export class ServerState {
  private readonly startedAtMs: number;

  constructor(private readonly parts: ServerStateParts) {
    this.startedAtMs = this.now();
  }

  of(service: string, ask: Ask): PongState {
    const { options, endpoints, assignment } = this.parts;
    const topic = options.topics.requests(service);
    const owned = assignment().filter((place) => place.topic === topic);
    const handlers = endpoints();
    return {
      service,
      version: options.version,
      packageVersion: PACKAGE_VERSION,
      capabilities: capabilitiesOf(options),
      uptimeMs: Math.round(this.now() - this.startedAtMs),
      patterns: handlers.map(({ pattern }) => pattern).sort(),
      partitions: owned.map(({ partition }) => partition).sort((a, b) => a - b),
      load: this.load(),
      ...this.more(service, ask, handlers),
    };
  }

  private more(service: string, ask: Ask, endpoints: readonly ServerEndpoint[]): Partial<PongState> {
    const { options, counters } = this.parts;
    if (ask === 'stats') return { counters: { ...counters() } };
    if (ask !== 'info') return {};
    return { endpoints, groupId: options.groupId(service), clientId: options.clientId };
  }

  private load(): ServerLoad {
    const { queue, options, openCalls } = this.parts;
    let oldestMs = Infinity;
    for (const { state, origin } of openCalls()) {
      if (state === 'queued') oldestMs = Math.min(oldestMs, origin.arrival?.monotonicMs ?? Infinity);
    }
    return {
      running: queue.runningCount,
      queued: queue.length - queue.runningCount,
      concurrency: options.concurrency,
      oldestQueuedMs: oldestMs === Infinity ? 0 : Math.max(0, Math.round(this.now() - oldestMs)),
    };
  }

  private now(): number {
    return (this.parts.nowMs ?? monotonicNow)();
  }
}

const monotonicNow = (): number => performance.now();
