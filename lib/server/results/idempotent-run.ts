import type { RequestMessage } from '../../protocol/message.js';
import { IncomingCall, type CallOrigin } from '../incoming-call.js';
import type { Outcome } from '../outcome.js';

/** What calls with one idempotency key ask for. */
export interface Operation {
  /** The partition in which its calls are read, and its key: what it is known by. */
  readonly name: string;
  readonly keyDigest: Buffer;
  readonly requestDigest: Buffer;
}

export interface RunParts {
  /** What becomes of what the handler gives. */
  readonly outcomeOf: (run: IdempotentRun) => Outcome;
  /** The results of its partition, while they are not all known. */
  readonly loading: () => Promise<void> | undefined;
}

const NEVER_EXPIRES_MS = 0;

/**
 * A run of a handler for all who ask with one idempotency key. It is none of their calls, and ends with none of them: a caller that leaves
 * ends its waiting. Nothing of the log hangs on it, but on the calls that wait.
 */
export class IdempotentRun extends IncomingCall {
  readonly waiters = new Set<IncomingCall>();
  /** Whether the broker has its result. */
  isWritten = false;
  readonly outcome: Outcome;

  constructor(
    first: IncomingCall,
    readonly operation: Operation,
    private readonly parts: RunParts,
  ) {
    super(
      { ...(first.message as RequestMessage), ttlMs: NEVER_EXPIRES_MS },
      originOf(first.origin),
      first.index,
    );
    this.outcome = parts.outcomeOf(this);
  }

  override startsAfter(): Promise<void> | undefined {
    return this.parts.loading();
  }

  /** Whether the other asks for the same. */
  isOf({ requestDigest }: Pick<Operation, 'requestDigest'>): boolean {
    return this.operation.requestDigest.equals(requestDigest);
  }
}

const originOf = ({ envelope, record, caller, share, receivedAtMs }: CallOrigin): CallOrigin => ({
  envelope,
  record,
  caller,
  share,
  receivedAtMs,
  onFinished: () => undefined,
  onDropped: () => undefined,
  pledge: (_run, told) => {
    told('impossible');
    return () => undefined;
  },
});
