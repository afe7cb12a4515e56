import type { Load, LoadResult } from '../measure/load.js';
import type { PeerBroker } from './peer.js';

/** Where the client finds the server, for a peer that needs more than the broker. */
export type ServerAddress = Readonly<Record<string, string | number>>;

export interface ClientSettings extends PeerBroker {
  readonly server: ServerAddress;
}

interface ProfileCommands {
  startProfile(nothing: null): Promise<void>;
  /** Writes the profile to the file. */
  stopProfile(file: string): Promise<void>;
}

/** What a server program is asked over IPC. */
export interface ServerCommands extends ProfileCommands {
  start(broker: PeerBroker): Promise<ServerAddress>;
  cpuSeconds(nothing: null): Promise<number>;
}

/** How long a client's first answer took. */
export interface FirstAnswer {
  readonly sinceProcessStartMs: number;
  /** Since its `connect()` was called. */
  readonly sinceConnectMs: number;
}

/** What a client program is asked over IPC. */
export interface ClientCommands extends ProfileCommands {
  /** Resolves when a call was answered. */
  start(settings: ClientSettings): Promise<FirstAnswer>;
  run(load: Load): Promise<LoadResult>;
}
