import { RpcError } from '../../errors/rpc-error.js';
import { isCoordinatorMoved, isMembershipLost } from './group-session.js';
import { errorType, isRetriable, toRpcError } from './kafkajs-errors.js';

/** What a member does again and again until it works. */
export type MemberActivity = 'join' | 'heartbeat' | 'start' | 'commit';

interface Failure {
  readonly error: unknown;
  readonly since: Date;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
}

/**
 * What keeps a member of a group from its work, and since when. A broker that goes away for a moment is none: it is told once it
 * has lasted for longer than a session. What will not pass by itself, such as a right that is missing, is told at once.
 */
export class MemberTrouble {
  private readonly failures = new Map<MemberActivity, Failure>();

  constructor(
    private readonly groupId: string,
    private readonly toleratedMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  failed(activity: MemberActivity, error: unknown): void {
    const { since, startedAt } = this.failures.get(activity) ?? { since: new Date(), startedAt: this.now() };
    this.failures.set(activity, { error, since, startedAt });
  }

  /** @returns whether there was anything. */
  over(activity: MemberActivity): boolean {
    return this.failures.delete(activity);
  }

  /** What to tell of it, in our words; undefined while it may pass. */
  get worst(): RpcError | undefined {
    for (const [activity, failure] of this.failures) {
      if (!isPassing(failure.error) || this.now() - failure.startedAt >= this.toleratedMs)
        return this.describe(activity, failure);
    }
    return undefined;
  }

  private describe(activity: MemberActivity, { error, since }: Failure): RpcError {
    const { status, message, retryable } = toRpcError(error, `${WORDS[activity]} group ${this.groupId}`);
    return new RpcError(status, `${message} (Since ${since.toISOString()}.)`, { retryable, cause: error });
  }
}

const WORDS: Readonly<Record<MemberActivity, string>> = {
  join: 'join',
  heartbeat: 'stay in',
  start: 'find where to read on in',
  commit: 'commit for',
};

/** Whether the same request may succeed soon, with nothing changed by anybody. */
export const isPassing = (error: unknown): boolean =>
  isRetriable(error) ||
  isCoordinatorMoved(error) ||
  isMembershipLost(error) ||
  errorType(error) === 'REBALANCE_IN_PROGRESS';
