import { SeenNumbers, type HeldBytes } from './seen-numbers.js';

export interface DuplicateWindowLimits {
  /** A call is remembered at least so long, and at most twice as long, in milliseconds. */
  readonly ttlMs: number;
  /** Beyond, the oldest are forgotten before their time. */
  readonly maxBytes: number;
}

/** By place, then by sender. */
type Generation = Map<object, Map<string, SeenNumbers>>;

/**
 * Which calls a server has had lately, so that one which stands in the log a second time is run once.
 *
 * Two generations: what is needed goes into the recent one, and when that is as old or as large as it may be, it takes the
 * place of the older one. So nothing is looked through to forget.
 *
 * Cost: two map lookups per record, one comparison per call.
 */
export class DuplicateWindow {
  private recent: Generation = new Map();
  private older: Generation = new Map();
  private readonly held: HeldBytes = { bytes: 0 };
  private begunAtMs: number | undefined;

  constructor(private readonly limits: DuplicateWindowLimits) {}

  /**
   * What was seen of a sender at a place.
   * @param place the partition, as long as this server has it
   * @param nowMs on a clock that does not go back
   */
  numbersOf(place: object, sender: string, nowMs: number): SeenNumbers {
    this.turn(nowMs);
    let ofPlace = this.recent.get(place);
    if (ofPlace === undefined) this.recent.set(place, (ofPlace = new Map()));
    const known = ofPlace.get(sender);
    if (known !== undefined) return known;
    const seen = new SeenNumbers(this.held, this.older.get(place)?.get(sender));
    ofPlace.set(sender, seen);
    return seen;
  }

  /** The place is another server's from now on. */
  forget(place: object): void {
    this.recent.delete(place);
    this.older.delete(place);
  }

  private turn(nowMs: number): void {
    const { ttlMs, maxBytes } = this.limits;
    this.begunAtMs ??= nowMs;
    if (nowMs - this.begunAtMs < ttlMs && this.held.bytes < maxBytes / 2) return;
    for (const ofPlace of this.recent.values()) for (const seen of ofPlace.values()) seen.forgetOlder();
    this.older = this.recent;
    this.recent = new Map();
    this.held.bytes = 0;
    this.begunAtMs = nowMs;
  }
}
