import type { MessageHandler } from '@nestjs/microservices';
import { checkObject } from '../../errors/option-checks.js';
import type { UserCode } from '../../diagnostics/user-code.js';
import { extrasOf, handlerName } from '../handler-extras.js';
import type { CommitPolicies } from '../commits/commit-policies.js';
import { checkRetry, resolveRetry, type CheckedRetry } from './retry-options.js';
import { RetryPolicy } from './retry-policy.js';

/** What is said of retries in the `extras` of handlers, over what the server says: read, checked and frozen once, at start. */
export class HandlerPolicies {
  /** Whether an event may be run again from the delay topic. */
  readonly needsDelays: boolean;
  private readonly ofServer: RetryPolicy;
  private readonly never: RetryPolicy;
  private readonly ofHandlers = new Map<MessageHandler, RetryPolicy>();

  /** @throws RpcError `INVALID_ARGUMENT` naming the handler and the option, what it got and what it wants. */
  constructor(
    handlers: ReadonlyMap<string, MessageHandler>,
    private readonly server: CheckedRetry,
    private readonly userCode: UserCode,
    private readonly commits: Pick<CommitPolicies, 'isBefore'>,
  ) {
    this.ofServer = new RetryPolicy(resolveRetry('retry', server), userCode);
    this.never = new RetryPolicy(resolveRetry('retry', checkRetry({}, 'retry')), userCode);
    for (const [pattern, handler] of handlers) this.read(pattern, handler);
    this.needsDelays = [...handlers.values()].some(
      (each) => each.isEventHandler && this.of('event', each).isOn,
    );
  }

  /**
   * A call is run again only if its handler asks for that; an event as the server says, where its handler says nothing.
   * @param handler undefined where there is none
   */
  of(kind: 'request' | 'event', handler: MessageHandler | undefined): RetryPolicy {
    if (this.commits.isBefore(handler)) return this.never;
    const own = handler === undefined ? undefined : this.ofHandlers.get(handler);
    return own ?? (kind === 'event' ? this.ofServer : this.never);
  }

  /** Several event handlers of one pattern are one run: the first that says anything says it for all. */
  private read(pattern: string, handler: MessageHandler): void {
    const name = `${handlerName(pattern, handler)} retry`;
    let given: CheckedRetry | undefined;
    for (const { retry } of extrasOf(handler)) {
      const checked = retry === undefined ? undefined : checkRetry(checkObject(name, retry), name);
      given ??= checked;
    }
    if (given === undefined) return;
    this.ofHandlers.set(handler, new RetryPolicy(resolveRetry(name, this.server, given), this.userCode));
  }
}
