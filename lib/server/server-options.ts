import {
  checkBoolean,
  checkInteger,
  checkNames,
  checkString,
  invalidOption,
} from '../errors/option-checks.js';
import {
  resolveWireOptions,
  WIRE_OPTION_NAMES,
  type ResolvedWireOptions,
  type WireOptions,
} from '../wire/wire-options.js';

/** What is kept of records that cannot be served: a copy on `topics.deadLetters`, with the reason in its headers. */
export interface DeadLetterOptions {
  /**
   * Records that are refused, or messages of which are. Who writes garbage to a request topic has it written a second
   * time, so look at the room that the topic may take.
   * @default false
   */
  readonly refused?: boolean;
}

/** What a `KafkaRpcServer` accepts. The ones that matter: `service`, `driver`, `concurrency`. */
export interface KafkaRpcServerOptions extends WireOptions {
  /** The name, or names, under which clients call this server's handlers. */
  readonly service: string | readonly string[];
  /** The consumer group of a service; servers with the same group share its calls. @default service => `${topics.prefix}rpc.${service}` */
  readonly groupId?: string | ((service: string) => string);
  /** How many handlers run at once. @default 128 */
  readonly concurrency?: number;
  /** Calls in hand at which reading stops; it goes on at half of it. @default 4096 */
  readonly maxQueued?: number;
  /** How often finished work is committed, in milliseconds. A crash runs again what came after. @default 200 */
  readonly commitIntervalMs?: number;
  /** How long `close()` waits for running handlers and their replies, in milliseconds. @default 10000 */
  readonly gracePeriodMs?: number;
  /**
   * After how many milliseconds without a sign of life the broker gives a server's calls to others. Under the broker's
   * `group.min.session.timeout.ms` (6,000 by default) it refuses the server. @default 6000
   */
  readonly sessionTimeoutMs?: number;
  /** What is written to the dead-letter topic. @default {} */
  readonly deadLetter?: DeadLetterOptions;
  /** The second argument of `@MessagePattern` of handlers that only this server shall have. @default undefined: all */
  readonly transportId?: symbol;
}

export interface ResolvedServerOptions extends ResolvedWireOptions {
  readonly services: readonly string[];
  readonly groupId: (service: string) => string;
  readonly concurrency: number;
  readonly maxQueued: number;
  readonly commitIntervalMs: number;
  readonly gracePeriodMs: number;
  readonly sessionTimeoutMs: number;
  readonly deadLetter: Required<DeadLetterOptions>;
  readonly transportId: symbol | undefined;
}

const NAMES: readonly string[] = [
  ...WIRE_OPTION_NAMES,
  'service',
  'groupId',
  'concurrency',
  'maxQueued',
  'commitIntervalMs',
  'gracePeriodMs',
  'sessionTimeoutMs',
  'deadLetter',
  'transportId',
];

/** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
export const resolveServerOptions = (options: KafkaRpcServerOptions): ResolvedServerOptions => {
  checkNames('KafkaRpcServer', options, NAMES);
  const services = checkServices(options.service);
  const wire = resolveWireOptions(options);
  checkTopicsDiffer('topics.requests', services, wire.topics.requests);
  const deadLetter = checkDeadLetter(options.deadLetter ?? {});
  if (deadLetter.refused) checkTopicsDiffer('topics.deadLetters', services, wire.topics.deadLetters);
  return Object.freeze({
    ...wire,
    services,
    groupId: checkGroupId(options, services),
    concurrency: checkInteger('concurrency', options.concurrency ?? 128, 1),
    maxQueued: checkInteger('maxQueued', options.maxQueued ?? 4096, 1),
    commitIntervalMs: checkInteger('commitIntervalMs', options.commitIntervalMs ?? 200, 1, 60_000),
    gracePeriodMs: checkInteger('gracePeriodMs', options.gracePeriodMs ?? 10_000, 0),
    sessionTimeoutMs: checkInteger('sessionTimeoutMs', options.sessionTimeoutMs ?? 6_000, 100),
    deadLetter,
    transportId: checkTransportId(options.transportId),
  });
};

const checkServices = (service: unknown): readonly string[] => {
  const services = (Array.isArray(service) ? service : [service]).map((name) => checkString('service', name));
  if (services.length > 0 && new Set(services).size === services.length) return Object.freeze(services);
  throw invalidOption('service', service, 'a name, or an array of different names');
};

const checkDeadLetter = (deadLetter: unknown): Required<DeadLetterOptions> => {
  if (typeof deadLetter !== 'object' || deadLetter === null)
    throw invalidOption('deadLetter', deadLetter, 'an object');
  checkNames('deadLetter', deadLetter, ['refused']);
  const { refused = false } = deadLetter as DeadLetterOptions;
  return Object.freeze({ refused: checkBoolean('deadLetter.refused', refused) });
};

const checkTopicsDiffer = (
  option: string,
  services: readonly string[],
  topicOf: (service: string) => string,
): void => {
  const topics = services.map(topicOf);
  if (new Set(topics).size === topics.length) return;
  throw invalidOption(option, topics, 'a function that gives each service a topic of its own');
};

const checkTransportId = (transportId: unknown): symbol | undefined => {
  if (transportId === undefined || typeof transportId === 'symbol') return transportId;
  throw invalidOption('transportId', transportId, 'a symbol');
};

const checkGroupId = (
  { groupId, topics }: KafkaRpcServerOptions,
  services: readonly string[],
): ((service: string) => string) => {
  // Environments that have topics of their own have groups of their own: their deploys do not disturb each other.
  if (groupId === undefined) return (service) => `${topics?.prefix ?? ''}rpc.${service}`;
  if (typeof groupId === 'function') {
    for (const service of services) checkString('groupId', groupId(service));
    return groupId;
  }
  const group = checkString('groupId', groupId);
  if (services.length === 1) return () => group;
  throw invalidOption('groupId', groupId, 'a function of the service, as there are several services');
};
