import type { MessageHandler } from '@nestjs/microservices';
import { invalidOption } from '../../errors/option-checks.js';
import { extrasOf, handlerName } from '../handler-extras.js';

/**
 * When a call is finished for the broker: `after` its handler, so that it runs at least once; or `before` its handler starts, so that
 * it runs at most once.
 */
export type CommitTime = 'after' | 'before';

/** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
export const checkCommit = (given: unknown, name: string): CommitTime => {
  if (given === 'after' || given === 'before') return given;
  throw invalidOption(name, given, "'after' or 'before'");
};

/** What is said in the `extras` of handlers of the time of their commits, over what the server says: read and checked once, at start. */
export class CommitPolicies {
  /** Whether any handler commits before it runs: else nothing need be asked for a call. */
  readonly isAnyBefore: boolean;
  private readonly before = new Set<MessageHandler>();

  /** @throws RpcError `INVALID_ARGUMENT` naming the handler and the option, what it got and what it wants. */
  constructor(
    handlers: ReadonlyMap<string, MessageHandler>,
    server: { readonly commit: CommitTime; readonly commitMetadataBytes: number },
  ) {
    for (const [pattern, handler] of handlers) this.read(pattern, handler, server.commit);
    this.isAnyBefore = this.before.size > 0;
    if (this.isAnyBefore && server.commitMetadataBytes === 0)
      throw invalidOption(
        'commitMetadataBytes',
        0,
        "more than 0, as commit: 'before' has each call named in a commit",
      );
  }

  isBefore(handler: MessageHandler | undefined): boolean {
    return handler !== undefined && this.before.has(handler);
  }

  /** Several event handlers of one pattern are one run: one that must not run twice has none of them run twice. */
  private read(pattern: string, handler: MessageHandler, ofServer: CommitTime): void {
    const name = handlerName(pattern, handler);
    for (const { commit = ofServer } of extrasOf(handler))
      if (checkCommit(commit, `${name} commit`) === 'before') this.before.add(handler);
    if (!this.before.has(handler)) return;
    for (const { retry } of extrasOf(handler))
      if (retry !== undefined) throw invalidOption(`${name} retry`, retry, NO_RETRY);
  }
}

/** What is not to run twice is not tried again. */
export const NO_RETRY =
  "nothing where commit: 'before' holds: such a handler runs once at most, also when it fails";
