import type { PongState, ServerEndpoint, ServerLoad } from '../../protocol/pong.js';

export type { ServerEndpoint, ServerLoad };

/** Whom to ask, and for how long. */
export interface AskOptions {
  /** The servers of another service than the client's own. @default the client's service */
  readonly service?: string;
  /** Only the server with this id. @default all */
  readonly id?: string;
  /**
   * How long to wait for servers that are in their group and do not answer, in milliseconds. When all have answered it is over
   * at once. @default 2000
   */
  readonly timeoutMs?: number;
}

/** For how long `services()` asks. */
export type ServicesOptions = Pick<AskOptions, 'timeoutMs'>;

/** A server of a service, as it says itself, or as its group says of one that is silent. */
export interface AskedServer {
  /** 32 hexadecimal digits, as `serverId` of a reply; of a silent one of which nothing is known, its name in the group. */
  readonly id: string;
  /** `live` answered. `silent` is in the group and did not: its event loop is blocked, it is gone and its session is not over, or it cannot be asked. */
  readonly state: 'live' | 'silent';
  readonly service: string;
  /** Its option `version`; empty for a silent one. */
  readonly version: string;
  /** That of this package at the server; empty for a silent one. */
  readonly packageVersion: string;
  /** What it can do, as names: docs/protocol.md lists them. */
  readonly capabilities: readonly string[];
  /** What it has handlers for, as Nest normalizes patterns. Of a silent one, as far as its group knows. */
  readonly patterns: readonly string[];
  /** What it owns of the request topic; none for a server that waits for others to leave. */
  readonly partitions: readonly number[];
  /** What runs and waits; undefined for a silent one. */
  readonly load: ServerLoad | undefined;
  /** Since its `listen()`, in milliseconds; undefined for a silent one. */
  readonly uptimeMs: number | undefined;
  /** Between question and answer, in milliseconds; undefined for a silent one. */
  readonly roundTripMs: number | undefined;
}

/** What `info()` says beside. */
export interface AskedServerInfo extends AskedServer {
  readonly endpoints: readonly ServerEndpoint[];
  readonly groupId: string | undefined;
  readonly clientId: string | undefined;
}

/** What `stats()` says beside. */
export interface AskedServerStats extends AskedServer {
  /** As `server.counters`; undefined for a silent one. */
  readonly counters: Readonly<Record<string, unknown>> | undefined;
  /** When it began to listen, on this process' clock; undefined for a silent one. */
  readonly started: Date | undefined;
}

/** A service, by what its live servers say. */
export interface AskedService {
  readonly name: string;
  readonly versions: readonly string[];
  readonly patterns: readonly string[];
  /** What all of them can do. */
  readonly capabilities: readonly string[];
  readonly live: number;
  readonly silent: number;
  readonly servers: readonly AskedServer[];
}

/** A server that answered. */
export interface Answer {
  readonly state: PongState;
  readonly roundTripMs: number;
}

export const liveServer = (id: string, { state, roundTripMs }: Answer): AskedServer => {
  const { service, version, packageVersion, capabilities, patterns, partitions, load, uptimeMs } = state;
  const said = { service, version, packageVersion, capabilities, patterns, partitions, load, uptimeMs };
  return { id, state: 'live', ...said, roundTripMs };
};

/** What a group knows of its member. */
export interface KnownMember {
  readonly id: string;
  readonly patterns: readonly string[];
  readonly capabilities: readonly string[];
  readonly partitions: readonly number[];
}

export const silentServer = (service: string, member: KnownMember): AskedServer => ({
  ...{ id: member.id, state: 'silent', service, version: '', packageVersion: '' },
  ...{ capabilities: member.capabilities, patterns: member.patterns, partitions: member.partitions },
  ...{ load: undefined, uptimeMs: undefined, roundTripMs: undefined },
});

export const serviceOf = (name: string, servers: readonly AskedServer[]): AskedService => {
  const live = servers.filter(({ state }) => state === 'live');
  const [first] = live;
  return {
    name,
    versions: namesIn(live.map(({ version }) => version)),
    patterns: namesIn(live.flatMap(({ patterns }) => patterns)),
    capabilities: (first?.capabilities ?? []).filter((each) =>
      live.every(({ capabilities }) => capabilities.includes(each)),
    ),
    live: live.length,
    silent: servers.length - live.length,
    servers,
  };
};

const namesIn = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();
