import type { Counters } from '../../diagnostics/counters.js';
import type { Codec } from '../../wire/codec.js';
import { ReplayGuard } from '../replay-guard.js';
import type { ResolvedServerOptions } from '../server-options.js';
import { DuplicateWindow } from './duplicate-window.js';

/** What a server remembers of calls that it had. */
export interface CallMemory {
  /** Where records are authenticated. */
  readonly replays?: ReplayGuard;
  /** Where they are not. */
  readonly duplicates?: DuplicateWindow;
}

export const callMemory = (
  { authenticates }: Pick<Codec, 'authenticates'>,
  { duplicateWindow }: Pick<ResolvedServerOptions, 'duplicateWindow'>,
  counters: Counters,
): CallMemory => {
  if (authenticates) return { replays: new ReplayGuard(counters) };
  return duplicateWindow.ttlMs > 0 ? { duplicates: new DuplicateWindow(duplicateWindow) } : {};
};
