import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { CallOrigin, PendingCall } from '../pending-call.js';

/** Whether a service has a server; `unknown` where this client cannot find out, `unheard` where nobody could say just now. */
export type Presence = 'some' | 'none' | 'unknown' | 'unheard';

/** The servers of a service, as a client asks for them. */
export interface AskedGroup {
  readonly group: string;
  /** Must not reject. */
  find(): Promise<Presence>;
}

export interface ServerWatchParts {
  readonly calls: { all(): readonly PendingCall[] };
  /** Whose calls are watched. */
  readonly origin: object;
  /** The number of the call that was made last. */
  readonly lastSeq: () => number;
  /** Whether the service ever answered this client. */
  readonly isAnswered: () => boolean;
  /** Asks. Must not reject. */
  readonly find: () => Promise<Presence>;
  /** Of the servers. */
  readonly group: string;
}

/** A call that is answered within it costs nothing but a look whether the timer is set. */
const LOOK_MS = 150;

/** For so long what was found holds: so often is asked while calls wait. */
const SOME_MS = 400;
const UNKNOWN_MS = 30_000;
const HOLDS_MS: Readonly<Record<Exclude<Presence, 'none'>, number>> = {
  some: SOME_MS,
  unknown: UNKNOWN_MS,
  unheard: 0,
};

/**
 * Ends calls that are not to wait for a server when there is none.
 *
 * While such calls are open, they are looked at every 150 ms. For those that are older than a look and without an answer it is asked
 * who is in the group of the service, at most every 400 ms for all of them; and where nobody is, whether anybody answers a ping. Those
 * that were made before the question then fail.
 */
export class ServerWatch {
  private timer: NodeJS.Timeout | undefined;
  private knownSeq = 0;
  private isLooking = false;
  private holdsUntilMs = -Infinity;

  constructor(private readonly parts: ServerWatchParts) {}

  /** A call was made that is not to wait. */
  begin(): void {
    if (this.timer !== undefined) return;
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
    // Of a service that never answered nobody knows that it has servers at all.
    if (!this.parts.isAnswered()) this.ask(this.parts.lastSeq());
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    const waiting = this.waiting(Infinity);
    if (waiting.length === 0 && !this.isLooking) return this.close();
    const { knownSeq } = this;
    this.knownSeq = this.parts.lastSeq();
    if (waiting.some(({ seq }) => seq <= knownSeq)) this.ask(this.knownSeq);
  }

  private ask(lastSeq: number): void {
    if (this.isLooking || performance.now() < this.holdsUntilMs) return;
    this.isLooking = true;
    void this.parts.find().then((found) => {
      this.isLooking = false;
      if (found === 'none') return this.fail(lastSeq);
      this.holdsUntilMs = performance.now() + HOLDS_MS[found];
    });
  }

  private fail(lastSeq: number): void {
    for (const call of this.waiting(lastSeq)) call.fail(noServer(call.pattern, this.parts.group));
  }

  /** Those without an answer, made no later than the one of this number. */
  private waiting(lastSeq: number): readonly PendingCall[] {
    const { calls, origin } = this.parts;
    return calls
      .all()
      .filter(
        (call) =>
          call.origin === origin && call.needsServer && call.seq <= lastSeq && call.answeredBy === undefined,
      );
  }
}

/** Watches the calls that go out by this sender; undefined where nobody can be asked. */
export const serverWatch = (
  connection: { readonly calls: ServerWatchParts['calls']; readonly lastCallSeq: number },
  origin: Pick<CallOrigin, 'serviceState'> & { readonly caller: { readonly servers?: AskedGroup } },
): ServerWatch | undefined => {
  const { servers } = origin.caller;
  if (servers === undefined) return undefined;
  return new ServerWatch({
    ...{ calls: connection.calls, origin, group: servers.group },
    lastSeq: () => connection.lastCallSeq,
    isAnswered: () => origin.serviceState.isAnswered,
    find: () => servers.find(),
  });
};

const noServer = (pattern: string, group: string): RpcError =>
  new RpcError(
    RpcStatus.UNAVAILABLE,
    `There is no server for ${JSON.stringify(pattern)}: nobody is in group ${group}. The call was taken back; a server that starts now may still begin it.`,
  );
