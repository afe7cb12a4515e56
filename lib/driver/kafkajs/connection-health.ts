import type { DriverEvent, DriverLog } from '../driver.js';

type StateEvent = Extract<DriverEvent, { type: 'connected' | 'disconnected' | 'rebalancing' | 'crashed' }>;

/** The worse, the higher. */
const SEVERITY: Readonly<Record<StateEvent['type'], number>> = {
  connected: 0,
  rebalancing: 1,
  disconnected: 2,
  crashed: 3,
};

const CONNECTED: StateEvent = Object.freeze({ type: 'connected' });

/**
 * How a connection is, from the states of all that works on it: the worst of them is told, and "connected" only when nobody is worse
 * off. Without it, a reader that is well would hide a group that is not.
 */
export class ConnectionHealth {
  private readonly states = new Map<string, StateEvent>();
  private told: StateEvent = CONNECTED;

  constructor(
    private readonly onEvent: (event: DriverEvent) => void,
    private readonly log: DriverLog,
  ) {}

  /** For what works on the connection under this name: takes its events, and tells those that matter. */
  reporter(source: string): (event: DriverEvent) => void {
    return (event) => this.report(source, event);
  }

  report(source: string, event: DriverEvent): void {
    if (!isState(event)) return this.onEvent(event);
    const before = this.states.get(source) ?? CONNECTED;
    if (isSame(before, event)) return;
    if (event.type === 'connected') this.states.delete(source);
    else this.states.set(source, event);
    this.write(before, event);
    this.tell();
  }

  private tell(): void {
    let worst = CONNECTED;
    for (const state of this.states.values()) if (SEVERITY[state.type] > SEVERITY[worst.type]) worst = state;
    if (worst === this.told) return;
    this.told = worst;
    this.onEvent(worst);
  }

  private write(before: StateEvent, { type, ...rest }: StateEvent): void {
    if (type === 'crashed' && 'error' in rest)
      this.log.warn(`${rest.error?.message} Tried again until it works.`);
    else if (type === 'connected' && before.type === 'crashed')
      this.log.info(`Works again: ${before.error.message}`);
  }
}

const isState = (event: DriverEvent): event is StateEvent => event.type in SEVERITY;

const isSame = (one: StateEvent, other: StateEvent): boolean => {
  if (one.type !== other.type) return false;
  if (one.type === 'crashed' && other.type === 'crashed') return one.error.message === other.error.message;
  return one.type !== 'rebalancing';
};
