import type { DriverEvent } from '../driver/driver.js';
import type { ResolvedServiceOptions } from './client-options.js';

/** A client as its connection sees it: several may share one connection. */
export interface Caller {
  readonly service: ResolvedServiceOptions;
  /** What a pattern is called on the wire. */
  normalize(pattern: unknown): string;
  /** Told of what happens to the connection. */
  onEvent(event: DriverEvent): void;
}
