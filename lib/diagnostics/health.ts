/** How a server or a client is, as `health()` tells it. It is known without asking anybody: nothing is sent. */
export interface Health<State extends string = string> {
  readonly state: State;
  /** Since when it is in this state. */
  readonly since: Date;
  /** Why, where there is a reason: the error's text. Undefined while all is well. */
  readonly reason: string | undefined;
  /** Readiness: whether calls get through. */
  readonly isReady: boolean;
  /** Liveness: false when a restart of the process would help, and nothing else. A broker that is away is no reason. */
  readonly isLive: boolean;
}

/** A state, and since when and why. */
export interface KnownState<State extends string> {
  readonly state: State;
  readonly sinceMs: number;
  readonly reason: string | undefined;
}

/** Keeps the state of something: entering it again changes the reason, and not since when it is so. */
export class StateHistory<State extends string> {
  private known: KnownState<State>;

  /** @param now milliseconds since the epoch */
  constructor(
    initial: State,
    reason: string | undefined,
    private readonly now: () => number = () => Date.now(),
  ) {
    this.known = { state: initial, sinceMs: now(), reason };
  }

  get current(): KnownState<State> {
    return this.known;
  }

  /** How long it has been so, in milliseconds. */
  get ageMs(): number {
    return Math.max(0, this.now() - this.known.sinceMs);
  }

  enter(state: State, reason?: string): void {
    const sinceMs = state === this.known.state ? this.known.sinceMs : this.now();
    this.known = { state, sinceMs, reason };
  }
}
