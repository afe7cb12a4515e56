import type { Counters } from '../diagnostics/counters.js';
import type { EventMessage, RequestMessage } from '../protocol/message.js';
import type { CallRefusal } from './refusals/refused-calls.js';
import type { RecordPosition } from './request-record.js';

type CallMessage = RequestMessage | EventMessage;

/** What this server has seen of one sender in one partition. */
interface SeenCalls {
  highestSeq: number;
  /** Of the record in which that was. */
  offset: bigint;
}

/** A record of calls, as the guard wants to know it. */
export interface GuardedRecord {
  readonly record: RecordPosition;
  /** The client. */
  readonly caller: { readonly id: Buffer };
  /** On the estimate of the broker's clock. */
  readonly receivedAtMs: number;
}

/**
 * What is to become of a call: only a `new` one is run. A `known` one was read at this very place before and is over: its
 * record was not committed when the partition moved, and now it is back.
 */
export type Verdict = 'new' | 'known' | CallRefusal;

/** What the guard says of the calls of one record. */
export interface RecordGuard {
  /** Counts a call that is not to be run. To be asked for each, in their order. */
  judge(message: CallMessage): Verdict;
  /** The call was finished before, by this server or another, and is not to be run should it come again. */
  note(message: Pick<CallMessage, 'seq'>): void;
  /** The call was not started and its partition is another server's: should it come back, the call is to be run. */
  allowAgain(message: CallMessage): void;
}

/** How far a sender's estimate of the broker's clock may be from a server's; each is off by half a produce request at most. */
export const MAX_CLOCK_ERROR_MS = 60_000;

/** Pairs of sender and partition, some 200 bytes each; beyond, the least recently used half is forgotten. */
const MAX_SENDERS = 10_000;

/** Calls, some 100 bytes each; beyond, the oldest is forgotten and not run here again. */
const MAX_RUNNABLE_AGAIN = 100_000;

/**
 * Refuses calls and events that stand in a topic a second time, and those too old to be told from such.
 *
 * A sender's calls stand in a partition in the order of their `seq` (docs/protocol.md, "Order"). So one whose `seq` is not above
 * the highest seen is no new call, whoever appended it: an attacker, or a producer that never heard that the broker had
 * it. The exception is what this server let go of when the partition moved, and reads again, in its place, now that it is back.
 *
 * Holds more than the window of RFC 4303, 3.4.3, in which every number not seen is taken: here nothing is taken from before the
 * first record that this server read of a sender (docs/decisions/0006-calls-grow-along-a-partition.md).
 *
 * Of use only where a stage authenticates records: who may forge a call need not repeat one.
 * Cost: one map lookup per record and one comparison per call; 2 MB for the senders, and what was let go.
 */
export class ReplayGuard {
  private recent = new Map<string, SeenCalls>();
  private older = new Map<string, SeenCalls>();
  private readonly runnableAgain = new Set<string>();

  constructor(
    private readonly counters: Counters,
    private readonly limits = { maxSenders: MAX_SENDERS, maxRunnableAgain: MAX_RUNNABLE_AGAIN },
  ) {}

  guard(received: GuardedRecord): RecordGuard {
    const place = placeOf(received);
    const seen = this.seenOf(place);
    const { offset } = received.record;
    // Who appends again appends behind.
    const repeated = offset <= seen.offset ? 'known' : 'replay';
    return {
      judge: (message) => {
        const isNew =
          isNext(message, seen, offset) || this.runnableAgain.delete(nameOf(message, place, offset));
        if (!isNew) return this.refuse(repeated);
        return isStale(message, received) ? this.refuse('stale') : 'new';
      },
      note: (message) => void isNext(message, seen, offset),
      allowAgain: (message) => this.allowAgain(nameOf(message, place, offset)),
    };
  }

  private refuse(verdict: keyof typeof COUNTED_AS): Verdict {
    this.counters.add(COUNTED_AS[verdict]);
    return verdict;
  }

  private allowAgain(call: string): void {
    const [oldest] = this.runnableAgain;
    if (this.runnableAgain.size >= this.limits.maxRunnableAgain && oldest !== undefined)
      this.runnableAgain.delete(oldest);
    this.runnableAgain.add(call);
  }

  private seenOf(place: string): SeenCalls {
    const known = this.recent.get(place);
    if (known !== undefined) return known;
    const seen = this.older.get(place) ?? { highestSeq: 0, offset: -1n };
    if (this.recent.size >= this.limits.maxSenders / 2) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(place, seen);
    return seen;
  }
}

const COUNTED_AS = { known: 'recordsRedelivered', replay: 'callsReplayed', stale: 'callsStale' } as const;

const isNext = ({ seq }: Pick<CallMessage, 'seq'>, seen: SeenCalls, offset: bigint): boolean => {
  if (seq <= seen.highestSeq) return false;
  seen.highestSeq = seq;
  seen.offset = offset;
  return true;
};

const nameOf = ({ seq }: CallMessage, place: string, offset: bigint): string => `${place}@${offset}#${seq}`;

const placeOf = ({ record, caller }: GuardedRecord): string =>
  `${caller.id.toString('latin1')}${record.partition}:${record.topic}`;

/**
 * Whether the call was sent so long ago that nobody waits, though its record is young: somebody appended it again.
 *
 * One that waited for a server is as old as its record, and its time to live decides. So nothing is stale before it is expired,
 * unless it waited in its client for longer than its time to live and a minute.
 */
const isStale = ({ sentAtMs, ttlMs }: CallMessage, { record, receivedAtMs }: GuardedRecord): boolean =>
  ttlMs > 0 &&
  sentAtMs + ttlMs + MAX_CLOCK_ERROR_MS < receivedAtMs &&
  record.timestampMs + ttlMs > receivedAtMs;
