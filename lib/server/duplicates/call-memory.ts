import type { Counters } from '../../diagnostics/counters.js';
import type { EventMessage, RequestMessage } from '../../protocol/message.js';
import type { Codec } from '../../wire/codec.js';
import { ReplayGuard, type GuardedRecord, type RecordGuard } from '../replay-guard.js';
import type { ResolvedServerOptions } from '../server-options.js';
import { DuplicateWindow } from './duplicate-window.js';
import type { SeenNumbers } from './seen-numbers.js';

/** A record of calls, as it is remembered. */
export interface RememberedRecord extends GuardedRecord {
  readonly caller: { readonly id: Buffer; readonly name: string };
  /** When it came, on a clock that does not go back. */
  readonly arrival: { readonly monotonicMs: number };
}

/** What was had before of a record's sender, by one or the other. */
export interface RecordMemory {
  /** Where records are authenticated. */
  readonly guard?: RecordGuard;
  /** Where they are not. */
  readonly seen?: SeenNumbers;
}

/** What a server remembers of calls that it, or another before it, had. */
export class CallMemory {
  /**
   * @param replays where records are authenticated
   * @param duplicates where they are not
   */
  constructor(
    private readonly replays?: ReplayGuard,
    private readonly duplicates?: DuplicateWindow,
  ) {}

  /** @param place the partition, as long as this server has it */
  of(record: RememberedRecord, place: object): RecordMemory {
    const { caller, arrival } = record;
    return {
      guard: this.replays?.guard(record),
      seen: this.duplicates?.numbersOf(place, caller.name, arrival.monotonicMs),
    };
  }

  /** The place is another server's from now on. */
  forget(place: object): void {
    this.duplicates?.forget(place);
  }
}

export const callMemory = (
  { authenticates }: Pick<Codec, 'authenticates'>,
  { duplicateWindow }: Pick<ResolvedServerOptions, 'duplicateWindow'>,
  counters: Counters,
): CallMemory => {
  if (authenticates) return new CallMemory(new ReplayGuard(counters));
  return duplicateWindow.ttlMs > 0
    ? new CallMemory(undefined, new DuplicateWindow(duplicateWindow))
    : new CallMemory();
};

/** A call was had, and is not to be run should it come again. To be told in the order of the log. */
export const noteHad = (
  { guard, seen }: RecordMemory,
  message: Pick<RequestMessage | EventMessage, 'seq'>,
): void => {
  guard?.note(message);
  seen?.add(message.seq);
};
