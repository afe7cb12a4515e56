/** What may be asked, by its number on the wire. */
export const ASKS = Object.freeze({ state: 1, info: 2, stats: 3 });

export type Ask = keyof typeof ASKS;

/** What of a server runs and waits. */
export interface ServerLoad {
  /** Handlers that run. */
  readonly running: number;
  /** Calls and events that were read and wait for a place, or for others of their key. */
  readonly queued: number;
  /** How many handlers may run at once. */
  readonly concurrency: number;
  /** How long the oldest of those that wait has waited, in milliseconds; 0 when none waits. */
  readonly oldestQueuedMs: number;
}

/** One handler of a server. */
export interface ServerEndpoint {
  /** As Nest normalizes it. */
  readonly pattern: string;
  /** `message` answers calls, `event` takes events. */
  readonly kind: 'message' | 'event';
}

/** What a server says of itself. JSON on the wire: any language reads it, whatever the serializer and the version. */
export interface PongState {
  readonly service: string;
  readonly version: string;
  readonly packageVersion: string;
  readonly capabilities: readonly string[];
  readonly uptimeMs: number;
  readonly patterns: readonly string[];
  readonly partitions: readonly number[];
  readonly load: ServerLoad;
  /** When `info` is asked. */
  readonly endpoints?: readonly ServerEndpoint[];
  readonly groupId?: string;
  readonly clientId?: string;
  /** When `stats` is asked. */
  readonly counters?: Readonly<Record<string, unknown>>;
}

/** A pong that is larger says less: beyond so many handlers, they are not listed. */
const MAX_LISTED = 2_000;

export const encodePong = (state: PongState): Buffer => {
  const { patterns, endpoints } = state;
  const listed = { ...state, patterns: patterns.slice(0, MAX_LISTED) };
  return Buffer.from(
    JSON.stringify(
      endpoints === undefined ? listed : { ...listed, endpoints: endpoints.slice(0, MAX_LISTED) },
    ),
  );
};

/** What an honest server sends has far less. */
const MAX_BYTES = 1_000_000;

/** Undefined for what is no pong. What a later release adds is left out; what is not as it should be is left empty. Never throws. */
export const decodePong = (bytes: Buffer): PongState | undefined => {
  if (bytes.length > MAX_BYTES) return undefined;
  try {
    const said: unknown = JSON.parse(bytes.toString());
    return isObject(said) ? stateIn(said) : undefined;
  } catch {
    return undefined;
  }
};

type Said = Readonly<Record<string, unknown>>;

const stateIn = (said: Said): PongState => ({
  service: textIn(said.service),
  version: textIn(said.version),
  packageVersion: textIn(said.packageVersion),
  capabilities: textsIn(said.capabilities),
  uptimeMs: numberIn(said.uptimeMs),
  patterns: textsIn(said.patterns),
  partitions: listIn(said.partitions).filter((partition) => typeof partition === 'number'),
  load: loadIn(isObject(said.load) ? said.load : {}),
  ...(Array.isArray(said.endpoints) ? { endpoints: said.endpoints.flatMap(endpointIn) } : undefined),
  ...(typeof said.groupId === 'string' ? { groupId: said.groupId } : undefined),
  ...(typeof said.clientId === 'string' ? { clientId: said.clientId } : undefined),
  ...(isObject(said.counters) ? { counters: said.counters } : undefined),
});

const loadIn = (said: Said): ServerLoad => ({
  running: numberIn(said.running),
  queued: numberIn(said.queued),
  concurrency: numberIn(said.concurrency),
  oldestQueuedMs: numberIn(said.oldestQueuedMs),
});

const endpointIn = (said: unknown): ServerEndpoint[] =>
  isObject(said) && typeof said.pattern === 'string'
    ? [{ pattern: said.pattern, kind: said.kind === 'event' ? 'event' : 'message' }]
    : [];

const isObject = (value: unknown): value is Said =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textIn = (value: unknown): string => (typeof value === 'string' ? value : '');

const numberIn = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;

const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const textsIn = (value: unknown): readonly string[] =>
  listIn(value).filter((text) => typeof text === 'string');
