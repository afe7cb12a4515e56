import type { Counters } from '../../diagnostics/counters.js';
import type { RpcError } from '../../errors/rpc-error.js';
import { Deadlines } from '../../protocol/deadlines.js';
import { TimedRun, type Execution } from '../execution.js';
import type { IncomingCall } from '../incoming-call.js';
import type { CallLanes } from './call-lanes.js';
import { tookTooLong, tooFast } from './limit-errors.js';

/** Holds handlers to their `rateLimit` and `timeoutMs`. Costs a comparison per call where none has any. */
export class RunLimits {
  private readonly runs = new Deadlines<TimedRun>(({ execution }) => {
    const { call } = execution;
    execution.timeOut(tookTooLong(call, this.limits?.timeoutMsOf(call)));
  });

  /** @param limits none where no handler can have any */
  constructor(
    private readonly limits: Pick<CallLanes, 'isAnyChecked' | 'startsInMs' | 'timeoutMsOf'> | undefined,
    private readonly counters: Pick<Counters, 'add'>,
  ) {}

  /** What its caller hears of a call that came too soon; undefined for one that may start. */
  refusalOf(call: IncomingCall): RpcError | undefined {
    if (!this.isChecked(call)) return undefined;
    const inMs = this.limits?.startsInMs(call);
    if (inMs === undefined) return undefined;
    this.counters.add('callsRateLimited');
    return tooFast(call, inMs);
  }

  /** The handler is about to run. */
  begin(execution: Execution): void {
    const { call } = execution;
    const timeoutMs = this.isChecked(call) ? this.limits?.timeoutMsOf(call) : undefined;
    if (timeoutMs === undefined) return;
    const timed = new TimedRun(execution);
    execution.limit(timed);
    this.runs.add(timed, timeoutMs);
  }

  /** The handler has ended. */
  end(timed: TimedRun): void {
    this.runs.remove(timed);
  }

  private isChecked({ message }: IncomingCall): boolean {
    return this.limits?.isAnyChecked === true && message.kind === 'request';
  }
}
