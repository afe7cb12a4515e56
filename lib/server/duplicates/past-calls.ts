import type { AssignedPartition, DriverConnection } from '../../driver/driver.js';
import type { ConsumerRecord } from '../../driver/record.js';
import { decodeFrameList } from '../../protocol/frame-list.js';
import type { Codec } from '../../wire/codec.js';
import { callerName } from '../caller.js';
import { isCall } from '../invocation.js';
import type { PartitionShare } from '../partition-share.js';
import type { RequestClock } from '../request-clock.js';
import { noteHad, type CallMemory } from './call-memory.js';
import type { DuplicateWindowLimits } from './duplicate-window.js';
import { readTail } from './log-tail.js';

export interface PastCallsParts {
  readonly driver: Pick<DriverConnection, 'readPartition'>;
  readonly codec: Pick<Codec, 'readEnvelope' | 'decode'>;
  readonly memory: Pick<CallMemory, 'of'>;
  readonly clock: Pick<RequestClock, 'now' | 'arrival'>;
  readonly limits: DuplicateWindowLimits;
  /** What waited because its partition was held may be taken in. */
  readonly letIn: () => void;
  /** How long a partition is held at most, in milliseconds. */
  readonly holdMs?: number;
}

/** Whose calls stand in a record, and which. */
interface PastRecord {
  readonly record: ConsumerPlace;
  readonly caller: { readonly id: Buffer; readonly name: string };
  readonly seqs: readonly number[];
}

type ConsumerPlace = Pick<ConsumerRecord, 'topic' | 'partition' | 'offset' | 'timestampMs'>;

/**
 * A rebalance is not to be felt: what was not read in so long is not remembered. Longer than a fetch is parked (half a second): one that
 * is under way has to end before the next can ask for more.
 */
const HOLD_MS = 700;

/**
 * Which calls were had before a partition became ours: those that stand below its commit. They are read at the assignment, from the youngest
 * on, as far back as calls are remembered; the partition is not worked on meanwhile.
 *
 * Cost: per assigned partition a question and a fetch, and of what is younger than the window, its bytes.
 */
export class PastCalls {
  private readonly underWay = new Map<PartitionShare, AbortController>();

  constructor(private readonly parts: PastCallsParts) {}

  /** The partition is ours from now on. */
  begin(assigned: AssignedPartition, share: PartitionShare): void {
    if (assigned.position <= 0n) return;
    const ended = new AbortController();
    const timer = setTimeout(() => ended.abort(), this.parts.holdMs ?? HOLD_MS).unref();
    this.underWay.set(share, ended);
    share.isHeld = true;
    void this.recall(assigned, share, ended.signal).finally(() => {
      clearTimeout(timer);
      this.underWay.delete(share);
      share.isHeld = false;
      this.parts.letIn();
    });
  }

  /** The partition is another server's, or its log another. */
  end(share: PartitionShare): void {
    this.underWay.get(share)?.abort();
  }

  /** Whether calls of that record are still to be remembered. */
  isRecent({ timestampMs }: Pick<ConsumerRecord, 'timestampMs'>): boolean {
    const { clock, limits } = this.parts;
    return timestampMs >= clock.now() - limits.ttlMs;
  }

  private async recall(
    { topic, partition, position: end }: AssignedPartition,
    share: PartitionShare,
    signal: AbortSignal,
  ): Promise<void> {
    const { driver, clock, limits } = this.parts;
    const pages: PastRecord[][] = [];
    const decoded: Promise<void>[] = [];
    const tail = { sinceMs: clock.now() - limits.ttlMs, maxBytes: limits.maxBytes, signal };
    const take = (page: number, records: readonly ConsumerRecord[]): void =>
      void decoded.push(this.takePage((pages[page] ??= []), records, tail.sinceMs));
    try {
      await orAborted(readTail(driver, { topic, partition, end }, tail, take), signal);
      await orAborted(Promise.all(decoded), signal);
    } catch {
      // Less is remembered: who cannot read what was serves all the same.
    }
    if (!share.isClosed) for (const page of pages.reverse()) this.note(page, share);
  }

  private async takePage(
    page: PastRecord[],
    records: readonly ConsumerRecord[],
    sinceMs: number,
  ): Promise<void> {
    const recent = records.filter(({ timestampMs }) => timestampMs >= sinceMs);
    const past = await Promise.all(recent.map((record) => this.pastOf(record)));
    for (const each of past) if (each !== undefined) page.push(each);
  }

  /** Undefined for what is none of ours: whoever had it has reported that. */
  private async pastOf(record: ConsumerRecord): Promise<PastRecord | undefined> {
    const { codec } = this.parts;
    const { topic, partition, offset, timestampMs } = record;
    try {
      const envelope = codec.readEnvelope(record);
      if (envelope.direction !== 'request') return undefined;
      const frames = codec.decode(record, envelope);
      const messages = decodeFrameList(frames instanceof Promise ? await frames : frames, () => undefined);
      const caller = {
        id: Buffer.from(envelope.sender),
        name: callerName(envelope.sender, envelope.replyTo),
      };
      const seqs = messages.filter(isCall).map(({ seq }) => seq);
      return { record: { topic, partition, offset, timestampMs }, caller, seqs };
    } catch {
      return undefined;
    }
  }

  private note(page: readonly PastRecord[], share: PartitionShare): void {
    const { memory, clock } = this.parts;
    const arrival = clock.arrival();
    const receivedAtMs = clock.now();
    for (const { record, caller, seqs } of page) {
      const seen = memory.of({ record, caller, arrival, receivedAtMs }, share);
      for (const seq of seqs) noteHad(seen, { seq });
    }
  }
}

const orAborted = async (work: Promise<unknown>, signal: AbortSignal): Promise<void> => {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  work.catch(() => undefined);
  await Promise.race([work, aborted]);
};
