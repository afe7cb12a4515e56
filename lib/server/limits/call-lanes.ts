import type { MessageHandler } from '@nestjs/microservices';
import { invalidOption } from '../../errors/option-checks.js';
import type { IncomingCall } from '../incoming-call.js';
import type { Lanes } from './fair-queue.js';
import { limitsOf, NO_LIMITS, type ResolvedLimits } from './handler-limits.js';
import { LaneGroup } from './lane-group.js';
import { RateLimit } from './rate-limit.js';

/** Whose calls have their turns one after the other. */
export type Fairness = 'caller' | 'key' | 'none';

/** @throws RpcError `INVALID_ARGUMENT` naming the option. */
export const checkFairness = (given: unknown, name: string): Fairness => {
  if (given === 'caller' || given === 'key' || given === 'none') return given;
  throw invalidOption(name, given, "'caller', 'key' or 'none'");
};

/** One handler's calls, and what holds for them. */
class CallGroup extends LaneGroup<IncomingCall> {
  readonly rate: RateLimit | undefined;

  constructor(readonly limits: ResolvedLimits) {
    super(limits.concurrency, limits.priority);
    this.rate = limits.rateLimit && new RateLimit(limits.rateLimit);
  }
}

/** The lanes of a server's calls: by handler, then by caller or key. */
export class CallLanes implements Lanes<IncomingCall> {
  readonly isLimited: boolean;
  /** Whether any handler has a rate limit or a time limit: else nothing need be asked for a call. */
  readonly isAnyChecked: boolean;
  private readonly groups = new Map<string, CallGroup>();
  /** Of what has no handler, or is spelled in another way. */
  private readonly others = new CallGroup(NO_LIMITS);
  private readonly patternOf: ReadonlyMap<MessageHandler, string>;
  private lastPattern = '';
  private lastGroup: CallGroup = this.others;

  /** @throws RpcError `INVALID_ARGUMENT` naming the handler and the option, what it got and what it wants. */
  constructor(
    handlers: ReadonlyMap<string, MessageHandler>,
    private readonly fairness: Fairness,
    private readonly find: (pattern: string) => MessageHandler | undefined = () => undefined,
  ) {
    for (const [pattern, handler] of handlers)
      this.groups.set(pattern, new CallGroup(limitsOf(pattern, handler)));
    const all = [...this.groups.values()].map(({ limits }) => limits);
    this.isLimited = all.some(({ concurrency }) => concurrency < Infinity);
    this.isAnyChecked = all.some(({ rateLimit, timeoutMs }) => (rateLimit ?? timeoutMs) !== undefined);
    this.patternOf = new Map([...handlers].map(([pattern, handler]) => [handler, pattern]));
  }

  groupOf({ message }: IncomingCall): CallGroup {
    const { pattern } = message;
    // Calls come in records, and many have one pattern.
    if (pattern === this.lastPattern) return this.lastGroup;
    this.lastPattern = pattern;
    this.lastGroup = this.groups.get(pattern) ?? this.spelledOtherwise(pattern);
    return this.lastGroup;
  }

  ownerOf(call: IncomingCall): unknown {
    if (this.fairness === 'caller') return call.origin.caller;
    if (this.fairness === 'none') return undefined;
    return call.orderKey ?? call.origin.caller;
  }

  /** How long a run of its handler may take, in milliseconds; undefined for as long as its caller waits. */
  timeoutMsOf(call: IncomingCall): number | undefined {
    return this.groupOf(call).limits.timeoutMs;
  }

  /** One more starts. @returns in how many milliseconds it may, if it may not now */
  startsInMs(call: IncomingCall): number | undefined {
    return this.groupOf(call).rate?.take();
  }

  private spelledOtherwise(pattern: string): CallGroup {
    const handler = this.find(pattern);
    const known = handler && this.patternOf.get(handler);
    return (known === undefined ? undefined : this.groups.get(known)) ?? this.others;
  }
}
