import type { IncomingCall } from './incoming-call.js';

/** The calls that were started and have not got their answer to the broker yet. */
export class UnfinishedCalls {
  private readonly calls = new Set<IncomingCall>();
  private waiters: (() => void)[] = [];

  add(call: IncomingCall): void {
    this.calls.add(call);
    call.whenFinished(() => this.remove(call));
  }

  /** Resolves when there is none. */
  none(): Promise<void> {
    if (this.calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  private remove(call: IncomingCall): void {
    this.calls.delete(call);
    if (this.calls.size > 0) return;
    for (const resolve of this.waiters.splice(0)) resolve();
  }
}
