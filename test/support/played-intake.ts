import type { DriverConnection } from 'nestjs-kafka-rpc';
import { Counters } from '../../lib/diagnostics/counters.js';
import type { RequestEnvelope } from '../../lib/protocol/envelope.js';
import { Callers } from '../../lib/server/caller.js';
import type { FormerPartition } from '../../lib/server/commits/offset-tracker.js';
import { CallMemory } from '../../lib/server/duplicates/call-memory.js';
import { DuplicateWindow } from '../../lib/server/duplicates/duplicate-window.js';
import { PastCalls } from '../../lib/server/duplicates/past-calls.js';
import type { IncomingCall } from '../../lib/server/incoming-call.js';
import type { PartitionShare } from '../../lib/server/partition-share.js';
import { ReplayGuard } from '../../lib/server/replay-guard.js';
import { RequestClock } from '../../lib/server/request-clock.js';
import { RequestGate } from '../../lib/server/request-gate.js';
import { RequestIntake } from '../../lib/server/request-intake.js';
import type { RequestRecord } from '../../lib/server/request-record.js';
import { BrokerClock } from '../../lib/wire/broker-clock.js';
import { Codec } from '../../lib/wire/codec.js';
import { Receiver } from '../../lib/wire/receiver.js';
import { json } from '../../lib/wire/serializers/json.js';
import { SERVER_ID } from './incoming-calls.js';
import { NOTHING_DELAYED, NOTHING_KEPT } from './request-records.js';

/** How calls are remembered. */
export type MemoryKind = 'window' | 'guard' | 'none';

const NO_LIMIT = { ttlMs: 1e9, maxBytes: 1e9 };

const memoryOf = (kind: MemoryKind, counters: Counters): CallMemory => {
  if (kind === 'guard') return new CallMemory(new ReplayGuard(counters));
  return new CallMemory(undefined, kind === 'window' ? new DuplicateWindow(NO_LIMIT) : undefined);
};

/** A server process, with all of it that decides whether a call runs: what it remembers, its gate, its intake. The test starts and finishes calls. */
export class PlayedIntake {
  share: PartitionShare | undefined;
  former: FormerPartition | undefined;
  readonly queued: IncomingCall[] = [];
  readonly running = new Set<IncomingCall>();
  /** By name, since the partition is its. */
  readonly finishedHere = new Set<string>();
  readonly gate: RequestGate;
  readonly past: PastCalls;
  private readonly memory: CallMemory;
  private readonly counters = new Counters();

  constructor(kind: MemoryKind, driver: Pick<DriverConnection, 'readPartition'>, nowMs: number) {
    const codec = new Codec(json());
    const clock = new RequestClock(new BrokerClock(() => nowMs));
    this.memory = memoryOf(kind, this.counters);
    const intake = new RequestIntake({
      callers: new Callers(SERVER_ID, codec),
      clock,
      counters: this.counters,
      replyTopic: { topic: 'rpc.replies', partitions: 8 },
      memory: this.memory,
      onCall: (call) => this.queued.push(call),
      onRefused: (_request, finish) => finish(),
      gate: {
        opened: (record, bytes) => this.gate.opened(record, bytes),
        free: (...of) => this.gate.free(...of),
      },
      delayed: NOTHING_DELAYED,
      idempotent: NOTHING_KEPT,
    });
    const receiver = new Receiver<RequestEnvelope, RequestRecord>(codec, this.counters, intake);
    this.gate = new RequestGate({
      maxCalls: 30,
      maxBytes: 1e9,
      openingBytes: 1,
      runnable: () => this.queued.length + this.running.size,
      open: (record) => receiver.receive(record),
      onFull: () => undefined,
      onRoom: () => undefined,
    });
    const letIn = (): void => this.gate.letIn();
    const { memory } = this;
    this.past = new PastCalls({ driver, codec, memory, clock, limits: NO_LIMIT, letIn, holdMs: 600_000 });
  }

  /** How many calls were met again, and not run. */
  get repeats(): number {
    const { callsRepeated, callsReplayed } = this.counters.snapshot();
    return callsRepeated + callsReplayed;
  }

  /** The partition is another's. What waits is its to run; what runs goes on. */
  leave(): void {
    const { share } = this;
    if (share === undefined) return;
    this.former = share.tracker.leave();
    this.past.end(share);
    this.gate.forget(share);
    this.memory.forget(share);
    for (const call of this.queued.splice(0)) call.drop();
    this.finishedHere.clear();
    this.share = undefined;
  }
}
