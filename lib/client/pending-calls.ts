import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { Deadlines } from '../protocol/deadlines.js';
import { NumberTable } from '../protocol/number-table.js';
import type { PendingCall } from './pending-call.js';
import type { ServiceState } from './service-state.js';

/** Answers that came while the process stood still are read within that: they may take several fetches. */
const CATCH_UP_MS = 500;

/** All calls of a connection that wait for an answer: bounded, each with its deadline. */
export class PendingCalls {
  /** Calls that were made and wait for a connection: they take room as open ones do. */
  unsent = 0;
  private readonly calls = new NumberTable<PendingCall>();
  private readonly deadlines: Deadlines<PendingCall>;

  /** @param onCall told of each call that waits from now on */
  constructor(
    private readonly maxOpenCalls: number,
    onExpired: () => void,
    private readonly onCall: () => void = () => undefined,
  ) {
    const expire = (call: PendingCall): void => {
      onExpired();
      call.expire();
    };
    this.deadlines = new Deadlines(expire, undefined, CATCH_UP_MS);
  }

  /** Those that were sent. */
  get size(): number {
    return this.calls.size;
  }

  /** @throws RpcError `RESOURCE_EXHAUSTED` when too many are open. */
  checkRoom(): void {
    const open = this.calls.size + this.unsent;
    if (open < this.maxOpenCalls) return;
    throw new RpcError(
      RpcStatus.RESOURCE_EXHAUSTED,
      `${open} calls are open, maxOpenCalls is ${this.maxOpenCalls}: wait for answers before calling more.`,
    );
  }

  /** @param timeLeftMs what is left of its time: some may have been spent on connecting */
  add(call: PendingCall, timeLeftMs: number): void {
    this.calls.set(call.seq, call);
    this.deadlines.add(call, timeLeftMs);
    this.onCall();
  }

  get(seq: number): PendingCall | undefined {
    return this.calls.get(seq);
  }

  remove(call: PendingCall): void {
    this.calls.delete(call.seq);
    this.deadlines.remove(call);
  }

  all(): readonly PendingCall[] {
    return this.calls.values();
  }

  /** The open calls to a service that were sent no later than the one of this number. */
  sentTo(service: ServiceState, lastSeq: number): readonly PendingCall[] {
    return this.calls.values().filter((call) => call.origin.serviceState === service && call.seq <= lastSeq);
  }

  /** Ends every call. */
  failAll(error: RpcError): void {
    for (const call of this.calls.values()) call.fail(error);
  }

  /** Ends the calls of one client. */
  failAllOf(caller: object, error: RpcError): void {
    for (const call of this.calls.values()) {
      if (call.origin.caller === caller) call.fail(error);
    }
  }
}
