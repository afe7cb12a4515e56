import { encodeEnvelope, type ReplyAddress } from '../protocol/envelope.js';
import { NumberTable } from '../protocol/number-table.js';
import type { Credit } from '../protocol/stream-credit.js';
import type { Codec } from '../wire/codec.js';
import type { Destination } from '../wire/destination-queue.js';
import type { CallerAddress, IncomingCall } from './incoming-call.js';

/** A client whose calls this server has: where its replies go, and which of its calls are open here. */
export class Caller implements CallerAddress {
  readonly calls = new NumberTable<IncomingCall>();
  /** When its last record was read, on `performance.now()`'s clock. */
  heardAtMs = -Infinity;
  /** How often it gives a sign of life while it waits for long; undefined for one that does not say. */
  signEveryMs: number | undefined = undefined;
  /** Whether it knows headers of answers, and progress. */
  takesNotes = false;
  /** What it says that it takes of each stream at first; it never says anything else. */
  credit: Credit | undefined = undefined;

  constructor(
    readonly id: Buffer,
    readonly replies: Destination | null,
    /** Tells it from all others. */
    readonly name: string,
  ) {}
}

/** One client and where it reads its replies, as a string; empty reply addresses are all one. */
export const callerName = (id: Buffer, replyTo: ReplyAddress | null): string =>
  // Not digits alone, whatever the id: V8 takes those for a number, and everybody knows how it hashes numbers.
  `${replyTo?.partition ?? ''}:${id.toString('latin1')}`;

/** How many callers without open calls are remembered. */
const MAX_IDLE_CALLERS = 1024;

/** The callers of a server. Bounded by the calls that are open, plus a fixed number of recent ones. */
export class Callers {
  private readonly callers = new Map<string, Caller>();
  private forgetAt = MAX_IDLE_CALLERS;

  constructor(
    private readonly serverId: Buffer,
    private readonly codec: Codec,
  ) {}

  /** The caller with this id and reply address, made when it is new. */
  get(id: Buffer, replyTo: ReplyAddress | null): Caller {
    const name = callerName(id, replyTo);
    const known = this.callers.get(name);
    if (known !== undefined) return known;
    // A copy: the id that came is a piece of a fetch, and would keep all of it.
    const ownId = Buffer.allocUnsafeSlow(id.length);
    id.copy(ownId);
    const caller = new Caller(
      ownId,
      replyTo === null ? null : replyDestination(this.serverId, id, replyTo, this.codec),
      name,
    );
    if (this.callers.size >= this.forgetAt) this.forgetIdle();
    this.callers.set(name, caller);
    return caller;
  }

  /** The caller with this id and reply address, if it is known. */
  find(id: Buffer, replyTo: ReplyAddress | null): Caller | undefined {
    return this.callers.get(callerName(id, replyTo));
  }

  all(): Iterable<Caller> {
    return this.callers.values();
  }

  /** Every call that is open on this server. */
  *openCalls(): Iterable<IncomingCall> {
    for (const caller of this.callers.values()) yield* caller.calls.values();
  }

  private forgetIdle(): void {
    for (const [name, caller] of this.callers) {
      if (this.callers.size <= MAX_IDLE_CALLERS / 2) break;
      if (caller.calls.size === 0) this.callers.delete(name);
    }
    // Those with open calls stay: looking through them again pays only once there are twice as many.
    this.forgetAt = Math.max(MAX_IDLE_CALLERS, this.callers.size * 2);
  }
}

/** Where a server's replies to one client go. */
export const replyDestination = (
  serverId: Buffer,
  recipient: Buffer,
  { topic, partition }: ReplyAddress,
  { serializer, stages }: Codec,
): Destination => {
  const { contentType } = serializer;
  const envelope = encodeEnvelope({ direction: 'reply', sender: serverId, contentType, stages, recipient });
  return Object.freeze({ topic, partition, direction: 'reply', envelope });
};
