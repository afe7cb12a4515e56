import type { Settings } from '../settings.js';

/** Two services and a gateway that answer, and how to reach them. */
export interface Stage {
  readonly gatewayUrl: string;
  readonly settings: Settings;
}
