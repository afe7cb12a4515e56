import { hrtime } from 'node:process';

/** What a call passes in a process, and its answer. */
export type Moment =
  /** `send()` is called. */
  | 'sent'
  /** What was fetched has arrived at the socket. */
  | 'arrived'
  /** The driver hands on what was fetched. */
  | 'handedOn'
  /** The handler is called. */
  | 'handled'
  /** The driver is given a record. */
  | 'produced'
  /** The driver gives the request to its socket. */
  | 'written'
  /** The broker has answered that it appended the record. */
  | 'acknowledged'
  /** The caller has the value. */
  | 'answered';

export type Micros = Readonly<Partial<Record<Moment, number>>>;

/** When each moment was last: enough as long as there is one call at a time. */
export class Moments {
  private readonly last: Partial<Record<Moment, number>> = {};

  mark(moment: Moment): void {
    this.last[moment] = monotonicMicros();
  }

  taken(): Micros {
    return { ...this.last };
  }
}

/** Of one clock for all processes of a machine. @see https://man7.org/linux/man-pages/man2/clock_gettime.2.html (CLOCK_MONOTONIC) */
const monotonicMicros = (): number => {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e6 + nanoseconds / 1e3;
};
