import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { IncomingCall, Stoppable } from '../incoming-call.js';
import { afterDeaths } from '../retries/call-history.js';
import type { StopReason } from '../stop-reasons.js';
import type { CallPlace, PartitionDeaths } from './partition-deaths.js';

/** Who starts calls. */
export interface DeathGateOwner {
  /** It waits, and its place goes to others. */
  onWait(call: IncomingCall): void;
  /** It may start. @param hasPlace whether it kept its place meanwhile; else its turn has to come again */
  onGo(call: IncomingCall, hasPlace: boolean): void;
  /** It is not to be started any more. */
  onGivenUp(call: IncomingCall, deaths: number): void;
  /** It was ended from outside while it waited. */
  onStopped(call: IncomingCall, reason: StopReason, hasPlace: boolean): void;
}

/** Of so many deaths, it is to be known whether it alone was the reason. */
const ALONE_FROM = 2;
/** So long nothing that is under suspicion is started beside one that runs alone: who kills its server does so at once, or by what it holds. */
const ALONE_MS = 1_000;
/** A commit that the broker does not take holds up nobody for longer. */
const COMMIT_WAIT_MS = 2_000;

/** A call that waits, with what it waits for. */
interface Suspect {
  readonly call: IncomingCall;
  readonly place: CallPlace;
  readonly deaths: PartitionDeaths;
  /** Whether it waits for a commit alone, which is over soon. */
  readonly hasPlace: boolean;
}

/**
 * Has calls wait that may kill this server:
 *
 *     the first of a partition → when the broker has it that the partition is in this server's hands
 *     one with a death         → when the broker has it that the call is started; with others that are
 *     one with more            → the same, one at a time, for a second
 *     one with too many        → it is given up
 *
 * What is under no suspicion passes with a look at its partition.
 */
export class DeathGate implements Stoppable {
  private readonly waiting = new Map<IncomingCall, Suspect>();
  private readonly admitted = new WeakSet<IncomingCall>();
  /** The first of their partitions. */
  private readonly first = new Map<PartitionDeaths, Suspect[]>();
  private watched: Suspect[] = [];
  private lonely: Suspect[] = [];
  private alone: Suspect | undefined;
  private readonly timers = new Set<NodeJS.Timeout>();
  private isClosed = false;

  constructor(private readonly owner: DeathGateOwner) {}

  /** @returns whether the call is not to be started now: it comes again, or is over. */
  takes(call: IncomingCall): boolean {
    const deaths = call.origin.share?.deaths;
    if (deaths === undefined || !deaths.isWatching || this.admitted.delete(call)) return false;
    const place = placeOf(call);
    const count = deaths.of(place);
    const suspect = { call, deaths, place, hasPlace: count === 0 };
    if (count > 0) call.history = afterDeaths(call.history, count);
    if (deaths.isGivenUp(place)) this.giveUp(suspect, count);
    else if (count > 0) this.wait(suspect, count);
    else if (deaths.isTaken) return false;
    else this.waitForFirst(suspect);
    return true;
  }

  stop(call: IncomingCall, reason: StopReason): void {
    const suspect = this.waiting.get(call);
    this.waiting.delete(call);
    this.owner.onStopped(call, reason, suspect?.hasPlace ?? false);
    if (suspect?.hasPlace === false) this.over(suspect);
  }

  close(): void {
    this.isClosed = true;
    for (const timer of this.timers) clearTimeout(timer);
  }

  private giveUp({ call, deaths, place }: Suspect, count: number): void {
    call.whenFinished(() => deaths.clear(place));
    this.owner.onGivenUp(call, count);
  }

  private waitForFirst(suspect: Suspect): void {
    const { call, deaths } = suspect;
    this.waiting.set(call, suspect);
    call.waitIn(this);
    const others = this.first.get(deaths);
    if (others !== undefined) return void others.push(suspect);
    const all = [suspect];
    this.first.set(deaths, all);
    this.admitAll(deaths, all);
  }

  private wait(suspect: Suspect, count: number): void {
    const { call } = suspect;
    this.waiting.set(call, suspect);
    call.waitIn(this);
    this.owner.onWait(call);
    call.whenFinished(() => this.over(suspect));
    (count >= ALONE_FROM ? this.lonely : this.watched).push(suspect);
    // Those of this turn share a commit.
    queueMicrotask(() => this.next());
  }

  private next(): void {
    if (this.alone !== undefined || this.isClosed) return;
    let lonely = this.lonely.shift();
    while (lonely !== undefined && !this.waiting.has(lonely.call)) lonely = this.lonely.shift();
    if (lonely === undefined) return this.startWatched();
    this.alone = lonely;
    lonely.deaths.start(lonely.place, true);
    this.admitAll(lonely.deaths, [lonely]);
  }

  private startWatched(): void {
    const batches = new Map<PartitionDeaths, Suspect[]>();
    const left: Suspect[] = [];
    for (const suspect of this.watched) {
      const { call, deaths, place } = suspect;
      if (!this.waiting.has(call)) continue;
      if (!deaths.hasRoom) {
        left.push(suspect);
        continue;
      }
      deaths.start(place, false);
      const batch = batches.get(deaths);
      if (batch === undefined) batches.set(deaths, [suspect]);
      else batch.push(suspect);
    }
    this.watched = left;
    for (const [deaths, batch] of batches) this.admitAll(deaths, batch);
  }

  /** When the broker knows of them, or takes too long. */
  private admitAll(deaths: PartitionDeaths, suspects: readonly Suspect[]): void {
    let isDone = false;
    const admit = (): void => {
      if (isDone) return;
      isDone = true;
      stop();
      if (this.first.get(deaths) === suspects) this.first.delete(deaths);
      for (const suspect of suspects) this.admit(suspect);
    };
    const stop = this.after(COMMIT_WAIT_MS, () => {
      // Who cannot commit serves all the same.
      deaths.assumeTaken();
      admit();
    });
    deaths.commit(admit);
  }

  private admit(suspect: Suspect): void {
    const { call } = suspect;
    if (!this.waiting.delete(call)) return;
    if (!suspect.hasPlace) this.admitted.add(call);
    if (suspect === this.alone) this.after(ALONE_MS, () => this.endAlone(suspect));
    this.owner.onGo(call, suspect.hasPlace);
  }

  private endAlone(suspect: Suspect): void {
    if (this.alone !== suspect) return;
    this.alone = undefined;
    suspect.deaths.endAlone(suspect.place);
    this.next();
  }

  private over(suspect: Suspect): void {
    suspect.deaths.clear(suspect.place);
    if (this.alone === suspect) this.alone = undefined;
    this.next();
  }

  private after(ms: number, then: () => void): () => void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      then();
    }, ms);
    this.timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.timers.delete(timer);
    };
  }
}

const placeOf = ({ origin, index }: IncomingCall): CallPlace => {
  const { offset, timestampMs } = origin.record;
  return { offset, timestampMs, index };
};

/** The error of a call that is not run any more. */
export const givenUp = ({ message }: IncomingCall, deaths: number): RpcError =>
  new RpcError(
    RpcStatus.ABORTED,
    `"${message.pattern}" is given up: ${deaths} servers died, or were thrown out of their group, while it ran.`,
    { retryable: false },
  );
