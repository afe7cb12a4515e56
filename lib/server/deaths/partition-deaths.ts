import { invalidOption } from '../../errors/option-checks.js';
import { encodeDeaths, stampOf, type DeathsFound, type NamedSuspect } from '../commits/death-section.js';
import type { MapPlace } from '../commits/metadata-sections.js';

/** A call, by where it stands. */
export interface CallPlace {
  readonly offset: bigint;
  readonly timestampMs: number;
  /** Its place in the record. */
  readonly index: number;
}

/** Who writes what is said here into the commits of the partition. */
export interface DeathsJournal {
  /** There is more for the next commit to say; none need be made for that. */
  changed(): void;
  /** @param told once the broker has a commit with all that was changed so far */
  whenCommitted(told: () => void): void;
}

/** So many suspects of a partition have a handler at a time: what names them stays short. */
const MAX_STARTED = 64;
/** So many deaths more give up one that never ran alone, and was there each time. */
const WITHOUT_PROOF = 2;

/**
 * Which calls of a partition may kill their server.
 *
 * An owner says in its commits that it has the partition, from before it starts a first call of it, and takes that back when it leaves it
 * in order. Whoever finds it there knows that the writer died, or was thrown out of its group. Any call that was not finished may have
 * been the reason: each counts a death. From then on a call with deaths is started behind a commit that names it, so that the next owner,
 * if there is need for one, knows which were started. Those with two run one at a time.
 */
export class PartitionDeaths {
  private readonly suspects = new Map<string, NamedSuspect>();
  private state: 'free' | 'taken' | 'released' = 'free';
  private isTakenByCommit = false;
  /** Of calls below `end` that are not named. */
  private deathsOfOthers: number;
  /** Undefined until it is known. */
  private end: bigint | undefined;
  private started = 0;

  constructor(
    found: DeathsFound,
    private readonly maxDeaths: number,
    private readonly journal: DeathsJournal,
  ) {
    this.deathsOfOthers = found.isTaken ? 1 : 0;
    for (const suspect of found.suspects) {
      const isOneMore = found.isTaken && suspect.isStarted;
      const deaths = suspect.deaths + (isOneMore ? 1 : 0);
      this.suspects.set(nameOf(suspect), { ...suspect, deaths, isStarted: false });
    }
  }

  /** Whether a call has to be looked at before it starts. */
  get isWatching(): boolean {
    return !this.isTakenByCommit || this.deathsOfOthers > 0 || this.suspects.size > 0;
  }

  /** Whether the broker knows that the partition is in this server's hands. */
  get isTaken(): boolean {
    return this.isTakenByCommit;
  }

  /** Whether the end of what the last owner may have started is still to be found out. */
  get needsEnd(): boolean {
    return this.deathsOfOthers > 0;
  }

  /** Nothing from there on can have been started by the last owner. */
  endsAt(end: bigint): void {
    this.end = end;
  }

  /** How many servers died with the call in their hands, at most. */
  of(call: CallPlace): number {
    const suspect = this.suspects.get(nameOf(call));
    if (suspect !== undefined && suspect.stamp === stampOf(call.timestampMs)) return suspect.deaths;
    return this.end === undefined || call.offset < this.end ? this.deathsOfOthers : 0;
  }

  /** Whether it is not to be started any more. */
  isGivenUp(call: CallPlace): boolean {
    const suspect = this.suspects.get(nameOf(call));
    const deaths = this.of(call);
    if (suspect === undefined || deaths < this.maxDeaths) return false;
    return suspect.isAlone || deaths >= this.maxDeaths + WITHOUT_PROOF;
  }

  /** Whether one more suspect may be started now. */
  get hasRoom(): boolean {
    return this.started < MAX_STARTED;
  }

  /** The next commit names it as started. @param isAlone whether no other suspect is */
  start(call: CallPlace, isAlone: boolean): void {
    const { offset, index, timestampMs } = call;
    const suspect = { offset, index, stamp: stampOf(timestampMs), deaths: this.of(call) };
    if (this.suspects.get(nameOf(call))?.isStarted !== true) this.started += 1;
    this.suspects.set(nameOf(call), { ...suspect, isStarted: true, isAlone });
    this.state = 'taken';
    this.journal.changed();
  }

  /** Others are started beside it from now on. */
  endAlone(call: CallPlace): void {
    const suspect = this.suspects.get(nameOf(call));
    if (suspect === undefined || !suspect.isAlone) return;
    this.suspects.set(nameOf(call), { ...suspect, isAlone: false });
    this.journal.changed();
  }

  /** It is over, and killed nobody. */
  clear(call: CallPlace): void {
    const suspect = this.suspects.get(nameOf(call));
    if (suspect === undefined) return;
    this.suspects.delete(nameOf(call));
    if (suspect.isStarted) this.started -= 1;
    this.journal.changed();
  }

  /** The partition is in this server's hands. @param told when the broker has all that is said here so far */
  commit(told: () => void): void {
    this.state = 'taken';
    this.journal.changed();
    this.journal.whenCommitted(() => {
      if (this.state === 'taken') this.isTakenByCommit = true;
      told();
    });
  }

  /** The broker does not say, and is not asked any more. */
  assumeTaken(): void {
    if (this.state === 'taken') this.isTakenByCommit = true;
  }

  /** It is about to be left in order: from the next commit on, nobody died of what runs here. */
  release(): void {
    if (this.state !== 'taken') return;
    this.state = 'released';
    this.journal.changed();
  }

  /** It stays after all. */
  retain(): void {
    if (this.state !== 'released') return;
    this.state = 'free';
    this.isTakenByCommit = false;
  }

  /** The log is another: nothing that is known of the old one holds. */
  forget(): void {
    this.suspects.clear();
    this.deathsOfOthers = 0;
    this.started = 0;
  }

  /** As the metadata of a commit has it; empty for nothing. @param maxLength in characters */
  section(place: MapPlace, maxLength: number): string {
    for (const [name, { offset, isStarted }] of this.suspects) {
      if (offset >= place.offset) continue;
      this.suspects.delete(name);
      if (isStarted) this.started -= 1;
    }
    if (this.end !== undefined && place.offset >= this.end) this.deathsOfOthers = 0;
    const isTaken = this.state === 'taken' || (this.state === 'free' && this.deathsOfOthers > 0);
    return encodeDeaths(isTaken, this.told(), place, maxLength);
  }

  /** Nobody dies of what is left in order. */
  private told(): Iterable<NamedSuspect> {
    const suspects = [...this.suspects.values()];
    if (this.state === 'taken') return suspects;
    return suspects.map((each) => ({ ...each, isStarted: false, isAlone: each.isAlone && !each.isStarted }));
  }
}

const nameOf = ({ offset, index }: Pick<CallPlace, 'offset' | 'index'>): string => `${offset}#${index}`;

/** With fewer, calls would be given up that only ran beside the one that killed their server. */
const FEWEST_DEATHS = 3;

/** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
export const checkMaxDeaths = (given: unknown, name: string): number => {
  const isEnough = typeof given === 'number' && Number.isInteger(given) && given >= FEWEST_DEATHS;
  if (isEnough || given === 0) return given;
  throw invalidOption(name, given, `0, or a whole number of at least ${FEWEST_DEATHS}`);
};
