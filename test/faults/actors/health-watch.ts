import type { Health } from 'nestjs-kafka-rpc';

const LOOK_EVERY_MS = 250;

/** What a process said of its own health. */
export interface ToldHealth {
  /** Now. */
  readonly isReady: boolean;
  readonly state: string;
  readonly reason?: string;
  /** Whether it ever said that a restart would help. */
  readonly wasEverDead: boolean;
}

/** Asks a client or a server for its health all the time, as probes do. */
export const watchHealth = (target: { health(): Health }): (() => ToldHealth) => {
  let wasEverDead = false;
  const look = (): Health => {
    const health = target.health();
    wasEverDead ||= !health.isLive;
    return health;
  };
  setInterval(look, LOOK_EVERY_MS).unref();
  return () => {
    const { isReady, state, reason } = look();
    return { isReady, state, reason, wasEverDead };
  };
};
