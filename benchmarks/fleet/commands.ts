import type { Load, LoadResult } from '../measure/load.js';
import type { OpenLoad, OpenLoadResult } from '../measure/open-loop.js';
import type { BrokerRequests } from './counted-sockets.js';
import type { FleetSettings } from './settings.js';

/** What a client does with each call of a load. */
export type Work =
  /** By `firstValueFrom(send())`, as with other Nest transports, or by `call()`. @default 'send' */
  | { readonly kind: 'sum'; readonly by?: 'send' | 'call' }
  /** So many bytes of text there and back. */
  | { readonly kind: 'echo'; readonly bytes: number }
  /** One stream of so many values; a "call" is the whole stream. */
  | { readonly kind: 'stream'; readonly values: number }
  /** Done when the broker has the event. */
  | { readonly kind: 'emit' };

/** Of the process that is asked, in bytes. */
export interface Memory {
  readonly residentBytes: number;
  /** What is reachable: after a full collection, where the process was started with --expose-gc. */
  readonly heapBytes: number;
}

interface ProcessCommands {
  /** What was asked of brokers so far, by fleets that count it. */
  requests(nothing: null): Promise<BrokerRequests>;
  cpuSeconds(nothing: null): Promise<number>;
  memory(nothing: null): Promise<Memory>;
}

/** What a server of a fleet is asked over IPC. */
export interface FleetServerCommands extends ProcessCommands {
  /** Starts so many servers, each with its own connection; resolves when they listen, not yet when they have partitions. */
  start(settings: FleetSettings & { readonly servers: number }): Promise<void>;
  /** How many events were handled so far. */
  handledEvents(nothing: null): Promise<number>;
  /** How many calls are held open so far. */
  heldCalls(nothing: null): Promise<number>;
  /** Answers all calls that are held open. */
  release(nothing: null): Promise<void>;
}

/** What a client process of a fleet is asked over IPC. */
export interface FleetClientCommands extends ProcessCommands {
  /** Starts so many clients, each with its own connection; resolves when each had an answer. */
  start(settings: FleetSettings & { readonly clients: number }): Promise<void>;
  run(plan: { readonly work: Work; readonly load: Load }): Promise<LoadResult>;
  runOpen(plan: { readonly work: Work; readonly load: OpenLoad }): Promise<OpenLoadResult>;
  /** Makes calls that stay open until the server releases them; resolves at once. */
  hold(calls: number): Promise<void>;
  /** Resolves when all calls that were held are answered. */
  released(nothing: null): Promise<void>;
}
