import type { DriverConnection } from '../driver/driver.js';
import type { Outbox } from '../wire/outbox.js';
import type { ReplyReader } from './reply-reader.js';
import type { ServiceRoute } from './service-route.js';

/** An open connection: what a call needs on its way out and back. */
export interface OpenConnection {
  readonly driver: DriverConnection;
  readonly outbox: Outbox;
  readonly replies: ReplyReader;
  /** The ways to services found so far, by topic: one queue per partition keeps the calls of a sender in their order. */
  readonly routes: Map<string, Promise<ServiceRoute>>;
  /** Those that are open. */
  readonly openRoutes: Map<string, ServiceRoute>;
}
