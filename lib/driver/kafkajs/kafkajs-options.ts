import type { KafkaConfig } from 'kafkajs';
import { checkDurationMs, checkNames, checkString, invalidOption } from '../../errors/option-checks.js';
import {
  asGiven,
  durationMs,
  integer,
  namesOf,
  resolveOptions,
  type OptionTable,
  type Resolved,
} from '../../errors/option-table.js';

/** Options of `kafkajsDriver()`. `brokers` is required; `ssl` and `sasl` are passed to kafkajs. */
export interface KafkajsDriverOptions {
  /** Addresses to start from: `host:port`. */
  readonly brokers: readonly string[];
  /** TLS: `true`, or Node's `tls.connect` options. @default false */
  readonly ssl?: KafkaConfig['ssl'];
  /** Credentials, as kafkajs takes them. @default none */
  readonly sasl?: KafkaConfig['sasl'];
  /** How long a TCP or TLS connection may take, in milliseconds. @default 3000 */
  readonly connectionTimeoutMs?: number;
  /** How long a request may wait for its answer, in milliseconds. @default 10000 */
  readonly requestTimeoutMs?: number;
  /**
   * How long the broker holds a fetch that has nothing to read, in milliseconds. Costs no latency: a record ends the wait. A partition
   * that this process starts to read waits this long at most. The default is Kafka's own (`fetch.max.wait.ms`). @default 500
   */
  readonly maxWaitMs?: number;
  /** The most bytes that one fetch brings. @default 4194304 (4 MiB) */
  readonly maxFetchBytes?: number;
  /** How often a failed request is repeated. Produce requests are repeated until their records expire. @default 8 */
  readonly retries?: number;
  /**
   * How old metadata may be, in milliseconds. New partitions, moved leaders and recreated topics are noticed after this time, or at once
   * when an error shows them. Costs one request. @default 60000
   */
  readonly metadataMaxAgeMs?: number;
  /** Creates the sockets, for example through a proxy. @default plain ones, without Nagle's delay */
  readonly socketFactory?: KafkaConfig['socketFactory'];
  /**
   * Which log lines of kafkajs go to Nest's Logger. kafkajs logs as errors also events that this driver handles. Errors and `on()` report
   * everything that matters. @default 'nothing'
   */
  readonly logLevel?: KafkajsLogLevel;
}

export type KafkajsLogLevel = 'nothing' | 'error' | 'warn' | 'info' | 'debug';

const LOG_LEVELS: readonly string[] = ['nothing', 'error', 'warn', 'info', 'debug'];

const MAX_MAX_WAIT_MS = 60_000;

/** Kafka writes sizes in 32 bits. */
const MAX_KAFKA_BYTES = 0x7fff_ffff;

/** The check of each option, with its default. */
const KAFKAJS_OPTIONS = {
  brokers: (given) => checkBrokers(given),
  ssl: asGiven<KafkajsDriverOptions['ssl']>(),
  sasl: asGiven<KafkajsDriverOptions['sasl']>(),
  connectionTimeoutMs: durationMs(3_000, 1),
  requestTimeoutMs: durationMs(10_000, 1),
  maxWaitMs: durationMs(500, 1, MAX_MAX_WAIT_MS),
  maxFetchBytes: integer(4 * 1024 * 1024, 1_024, MAX_KAFKA_BYTES),
  retries: integer(8, 0, 100),
  metadataMaxAgeMs: durationMs(60_000, 100),
  socketFactory: asGiven<KafkajsDriverOptions['socketFactory']>(),
  logLevel: (given) => checkLogLevel(given ?? 'nothing'),
} satisfies OptionTable<KafkajsDriverOptions>;

export type ResolvedKafkajsOptions = Resolved<typeof KAFKAJS_OPTIONS>;

/** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
export const resolveKafkajsOptions = (options: KafkajsDriverOptions): ResolvedKafkajsOptions => {
  checkNames('kafkajsDriver', options, namesOf(KAFKAJS_OPTIONS));
  const resolved = resolveOptions(KAFKAJS_OPTIONS, options);
  checkDurationMs('requestTimeoutMs', resolved.requestTimeoutMs, resolved.maxWaitMs + 1);
  return resolved;
};

const checkBrokers = (brokers: unknown): readonly string[] => {
  if (!Array.isArray(brokers) || brokers.length === 0) {
    throw invalidOption('brokers', brokers, 'an array of "host:port" with at least one entry');
  }
  return Object.freeze(brokers.map((broker, i) => checkAddress(`brokers[${i}]`, broker)));
};

const MAX_PORT = 65_535;

const checkAddress = (name: string, address: unknown): string => {
  const text = checkString(name, address);
  const [, port] = /^.+:(\d{1,5})$/.exec(text) ?? [];
  if (port !== undefined && Number(port) >= 1 && Number(port) <= MAX_PORT) return text;
  throw invalidOption(name, text, `"host:port" with a port from 1 to ${MAX_PORT}`);
};

const checkLogLevel = (level: unknown): KafkajsLogLevel => {
  if (typeof level === 'string' && LOG_LEVELS.includes(level)) return level as KafkajsLogLevel;
  throw invalidOption('logLevel', level, `one of ${LOG_LEVELS.join(', ')}`);
};
