/** Reading stops when a map takes more than this part of its room, as what is in hand makes it grow on. */
const FULL = 3 / 4;
/** Reading goes on when it takes no more than this. */
const ROOMY = 1 / 2;
/** What is waited for is that it shrinks by this part of the room, at least. */
const STEP = 1 / 16;
/** For so long: a map that does not shrink is of calls that may never end, and whose end may stand in what is not read. */
const PATIENCE_MS = 5_000;

/**
 * How a partition's map stands to its room:
 *
 *     reading → waiting     it is nearly full: nothing more is read
 *     waiting → reading     there is room again
 *     waiting → overflowing it does not shrink: read on, and what does not fit is not remembered
 *     overflowing → reading there is room again
 */
export type PressureState = 'reading' | 'waiting' | 'overflowing';

/** Stops the reading of a partition before its finished map outgrows the metadata of a commit, while that can help. */
export class MapPressure {
  private current: PressureState = 'reading';
  private smallest = Infinity;
  private shrunkAtMs = 0;

  get state(): PressureState {
    return this.current;
  }

  /**
   * @param length of the whole map
   * @param room for it; there is none for maps that are not wanted
   * @param nowMs on a clock that does not go back
   * @returns the state now
   */
  update(length: number, room: number, nowMs: number): PressureState {
    if (room === 0 || length <= room * ROOMY) this.current = 'reading';
    else if (this.current === 'reading' && length > room * FULL) this.wait(length, nowMs);
    else if (this.current === 'waiting') this.waitOn(length, room, nowMs);
    return this.current;
  }

  private wait(length: number, nowMs: number): void {
    this.current = 'waiting';
    this.smallest = length;
    this.shrunkAtMs = nowMs;
  }

  private waitOn(length: number, room: number, nowMs: number): void {
    if (length <= this.smallest - room * STEP) this.wait(length, nowMs);
    else if (nowMs - this.shrunkAtMs >= PATIENCE_MS) this.current = 'overflowing';
  }
}
