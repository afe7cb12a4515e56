import { MapPressure, type PressureState } from './commits/map-pressure.js';
import type { DeathsFound } from './commits/death-section.js';
import { PartitionDeaths, type DeathsJournal } from './deaths/partition-deaths.js';
import type { Pledge } from './commits/pledges.js';
import type { OffsetTracker } from './commits/offset-tracker.js';
import type { RecordTracker, TrackedRecord } from './commits/tracked-record.js';

/** Whoever reads a partition, and commits what is finished of it. */
export interface PartitionReading {
  pause(): void;
  resume(): void;
  /** More of it may be committed. */
  onProgress(): void;
  /** Somebody waits for the commit of it. */
  onPledge(): void;
}

/**
 * Why a partition is not read: it has its part of what may be in hand, there is no room to say what is finished of it, or no more of
 * what is to run later may be held.
 */
export type PauseReason = 'gate' | 'map' | 'delays';

/** What a server has in hand of one partition, from its assignment until it is lost. */
export class PartitionShare {
  /** Of records that were let in and are not finished. */
  heldBytes = 0;
  /** Records on their way through the wire stages. */
  opening = 0;
  /** Nothing of it is let in for now: which of its calls were had before is still to be found out. */
  isHeld = false;
  /** Of what is finished above the commit, as it was last committed. */
  mapLength = 0;
  private lastRead = -1n;
  private handedOn = 0;
  private takenIn = 0;
  /** How many had been handed on when a log's end was seen to have been read. */
  private mark: { readonly end: bigint; readonly handedOn: number } | undefined;
  private readonly mapPressure = new MapPressure();
  private readonly pauses = new Set<PauseReason>();
  private closed = false;

  /** What is known of calls that kill their servers; undefined where nobody asks. */
  readonly deaths: PartitionDeaths | undefined;

  /** @param deathsFound what the last owner's commit says of them, and how many are too many */
  constructor(
    private currentTracker: OffsetTracker,
    private readonly reading: PartitionReading,
    deathsFound?: { readonly found: DeathsFound; readonly maxDeaths: number },
  ) {
    this.deaths =
      deathsFound && new PartitionDeaths(deathsFound.found, deathsFound.maxDeaths, this.journal());
  }

  get tracker(): OffsetTracker {
    return this.currentTracker;
  }

  /** Whether the partition, or its log, is not ours any more: what was read of it and not begun is to be dropped. */
  get isClosed(): boolean {
    return this.closed;
  }

  get pressure(): PressureState {
    return this.mapPressure.state;
  }

  /** A record was read. @param isHandedOn whether it is to be taken in; else it was finished before */
  read(offset: bigint, isHandedOn: boolean): void {
    this.lastRead = offset;
    if (isHandedOn) this.handedOn += 1;
  }

  /** A record that was handed on has been opened, or refused. They come in their order. */
  tookIn(): void {
    this.takenIn += 1;
  }

  /** Whether all records below this offset, which is or was the end of the log, have been taken in. */
  hasTakenIn(end: bigint): boolean {
    if (this.lastRead < end - 1n) return false;
    if (this.mark?.end !== end) this.mark = { end, handedOn: this.handedOn };
    return this.takenIn >= this.mark.handedOn;
  }

  /** Nothing in the record needs work any more. */
  finish(record: TrackedRecord): void {
    const { tracker } = record;
    if (tracker.finish(record)) this.onProgress(tracker);
  }

  /** A call of a record needs no work any more; others do. @param index its place in the record */
  finishCall(record: TrackedRecord, index: number): void {
    const { tracker } = record;
    if (record.mark(index) && tracker.marked()) this.onProgress(tracker);
  }

  /** A call is to be finished for the broker before it is started. @returns what takes that back */
  pledge(pledge: Pledge): () => void {
    const tracker = this.currentTracker;
    if (pledge.record.tracker !== tracker) pledge.told('kept');
    else {
      tracker.pledge(pledge);
      this.reading.onPledge();
    }
    return () => {
      if (tracker.withdraw(pledge)) this.onProgress(tracker);
    };
  }

  /** The log is another: what is in hand of the old one is finished for its callers, and not committed. */
  follow(tracker: OffsetTracker): void {
    const former = this.currentTracker;
    this.currentTracker = tracker;
    former.abandon();
    this.lastRead = -1n;
    this.mark = undefined;
    this.deaths?.forget();
  }

  /** What is finished above the commit takes so much of its room: reading waits when that is too much. */
  onMap(length: number, room: number, nowMs: number): PressureState {
    this.mapLength = length;
    const state = this.mapPressure.update(length, room, nowMs);
    if (state === 'waiting') this.pause('map');
    else this.resume('map');
    return state;
  }

  pause(reason: PauseReason = 'gate'): void {
    if (this.closed || this.pauses.has(reason)) return;
    this.pauses.add(reason);
    if (this.pauses.size === 1) this.reading.pause();
  }

  resume(reason: PauseReason = 'gate'): void {
    if (this.closed || !this.pauses.delete(reason)) return;
    if (this.pauses.size === 0) this.reading.resume();
  }

  close(): void {
    this.closed = true;
  }

  private journal(): DeathsJournal {
    return {
      changed: () => void this.currentTracker.marked(),
      whenCommitted: (told) => {
        this.currentTracker.whenCommitted(told);
        this.reading.onPledge();
      },
    };
  }

  private onProgress(tracker: RecordTracker): void {
    if (tracker === this.currentTracker && !this.closed) this.reading.onProgress();
  }
}
