import type { TrackedRecord } from './tracked-record.js';

/**
 * What became of a call that is to be finished for the broker before its handler starts:
 *
 * - `kept`: it stands as finished in a commit that the broker has acknowledged. Nobody reads it again.
 * - `no-room`: the metadata of the commit did not hold it. It can be tried again when less is finished above the commit.
 * - `impossible`: no commit can name it.
 */
export type PledgeOutcome = 'kept' | 'no-room' | 'impossible';

/** A call that the next commit names as finished, though it has not run yet. */
export interface Pledge {
  readonly record: TrackedRecord;
  /** Its place in the record. */
  readonly index: number;
  /** Called once, unless it is withdrawn before. */
  readonly told: (outcome: PledgeOutcome) => void;
}

/** What the commit that was acknowledged says. */
export interface CommittedView {
  /** Of what was changed, so much is in it. */
  readonly changes: number;
  /** What is finished below this offset is all in it; undefined when all is, wherever it stands. */
  readonly coveredTo: bigint | undefined;
  /** Whether commits of this group have metadata at all. */
  readonly hasRoom: boolean;
}

/** The pledges of one partition, until the broker has them. */
export class Pledges {
  /** With the number of the change that each was. */
  private readonly waiting = new Map<Pledge, number>();

  add(pledge: Pledge, change: number): void {
    pledge.record.pledge(pledge.index);
    this.waiting.set(pledge, change);
  }

  /** @returns whether it waited: from now on no commit names it. */
  withdraw(pledge: Pledge): boolean {
    if (!this.waiting.delete(pledge)) return false;
    pledge.record.unpledge(pledge.index);
    return true;
  }

  onCommitted({ changes, coveredTo, hasRoom }: CommittedView): void {
    for (const [pledge, change] of [...this.waiting]) {
      if (change > changes || !this.withdraw(pledge)) continue;
      const isKept = coveredTo === undefined || pledge.record.offset < coveredTo;
      pledge.told(isKept ? 'kept' : hasRoom ? 'no-room' : 'impossible');
    }
  }

  /** Nobody can read the log again that these are of. */
  keepAll(): void {
    for (const pledge of [...this.waiting.keys()]) if (this.withdraw(pledge)) pledge.told('kept');
  }
}
