import type { FleetSettings } from '../fleet/settings.js';
import type { Load, LoadResult } from '../measure/load.js';
import type { Micros } from './moments.js';

/** What one process knows of one call. */
export interface Passage {
  readonly nonce: number;
  readonly moments: Micros;
}

export interface LegsServerCommands {
  start(settings: FleetSettings): Promise<void>;
  /** Of all calls since it was last asked. */
  passages(nothing: null): Promise<readonly Passage[]>;
}

export interface LegsClientCommands {
  /** Resolves when it had an answer. */
  start(settings: FleetSettings): Promise<void>;
  warmUp(load: Load): Promise<LoadResult>;
  /** One call at a time. */
  run(load: Omit<Load, 'concurrency'>): Promise<readonly Passage[]>;
}
