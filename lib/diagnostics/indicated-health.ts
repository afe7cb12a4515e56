import type { Health } from './health.js';

/** What `HealthIndicatorService.check(key)` of `@nestjs/terminus` gives, of 11 and 12 alike. */
export interface HealthIndicatorSession<Up, Down> {
  up(data: Readonly<Record<string, unknown>>): Up;
  down(data: Readonly<Record<string, unknown>>): Down;
}

/**
 * What a server or client says of its health as a result of Terminus: up or down, with all that `health()` tells.
 *
 *     this.checks.check([() => indicateHealth(this.indicators.check('kafka'), this.server)])
 *
 * @param probe what is asked for. A liveness probe is down only when a restart would help
 */
export const indicateHealth = <Up, Down>(
  session: HealthIndicatorSession<Up, Down>,
  target: { health(): Health },
  probe: 'readiness' | 'liveness' = 'readiness',
): Up | Down => {
  const health = target.health();
  const { isReady, isLive } = health;
  const isUp = probe === 'readiness' ? isReady && isLive : isLive;
  return isUp ? session.up({ ...health }) : session.down({ ...health });
};
