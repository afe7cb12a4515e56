import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { IncomingCall, Stoppable } from '../incoming-call.js';
import type { StopReason } from '../stop-reasons.js';
import type { PledgeOutcome } from './pledges.js';

/** Who starts calls. Each that came here goes one of these ways, once. */
export interface CommitBeforeOwner {
  /** The broker has it that the call is finished: its handler starts. */
  onCommitted(call: IncomingCall): void;
  /** No commit can hold it now: it is to come again later. */
  onFull(call: IncomingCall): void;
  /** No commit can ever hold it: it does not run. */
  onImpossible(call: IncomingCall, error: RpcError): void;
  /** It was ended from outside. */
  onStopped(call: IncomingCall, reason: StopReason): void;
}

/**
 * Calls whose turn has come and that must not run twice: each waits for the commit that says that it is finished. They share commits:
 * while one is under way, all others wait for the next.
 */
export class CommitBefore implements Stoppable {
  private readonly waiting = new Map<IncomingCall, () => void>();

  constructor(private readonly owner: CommitBeforeOwner) {}

  add(call: IncomingCall): void {
    call.waitIn(this);
    let isTold = false;
    const withdraw = call.origin.pledge(call, (outcome) => {
      isTold = true;
      this.waiting.delete(call);
      this.go(call, outcome);
    });
    if (!isTold) this.waiting.set(call, withdraw);
  }

  stop(call: IncomingCall, reason: StopReason): void {
    this.waiting.get(call)?.();
    this.waiting.delete(call);
    this.owner.onStopped(call, reason);
  }

  private go(call: IncomingCall, outcome: PledgeOutcome): void {
    if (outcome === 'kept') this.owner.onCommitted(call);
    else if (outcome === 'no-room') this.owner.onFull(call);
    else this.owner.onImpossible(call, unnamed(call));
  }
}

const unnamed = ({ message }: IncomingCall): RpcError =>
  new RpcError(
    RpcStatus.FAILED_PRECONDITION,
    `"${message.pattern}" is not run: it must not run twice (commit: 'before'), and no commit can name it. Either its record has a ` +
      `message that cannot be read, or too many of them, or the broker's offset.metadata.max.bytes is too small.`,
  );
