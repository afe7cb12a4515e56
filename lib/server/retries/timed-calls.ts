import { Deadlines, Due } from '../../protocol/deadlines.js';
import type { IncomingCall, Stoppable } from '../incoming-call.js';
import type { StopReason } from '../stop-reasons.js';

/** What follows when the time of a call has come, or it has ended before. */
export interface TimedEnds {
  onDue(call: IncomingCall): void;
  onStopped(call: IncomingCall, reason: StopReason): void;
}

/** A call has a deadline of its own beside this: it cannot stand in two places. */
class Wait extends Due {
  constructor(readonly call: IncomingCall) {
    super();
  }
}

/** Calls that wait for a time, however many: one timer. What is stopped meanwhile does not wait any more. */
export class TimedCalls implements Stoppable {
  private readonly waits = new Map<IncomingCall, Wait>();
  private readonly deadlines = new Deadlines<Wait>(({ call }) => {
    this.waits.delete(call);
    this.ends.onDue(call);
  });

  constructor(private readonly ends: TimedEnds) {}

  get size(): number {
    return this.waits.size;
  }

  /** Those that wait, in the order in which they began to. */
  calls(): Iterable<IncomingCall> {
    return this.waits.keys();
  }

  /** To be stopped from now on by this. */
  add(call: IncomingCall, delayMs: number): void {
    const wait = new Wait(call);
    this.waits.set(call, wait);
    this.deadlines.add(wait, Math.max(0, delayMs));
    call.waitIn(this);
  }

  /** It waits no more, and nothing is told. @returns whether it did. */
  remove(call: IncomingCall): boolean {
    const wait = this.waits.get(call);
    if (wait === undefined) return false;
    this.waits.delete(call);
    this.deadlines.remove(wait);
    return true;
  }

  stop(call: IncomingCall, reason: StopReason): void {
    if (this.remove(call)) this.ends.onStopped(call, reason);
  }
}
