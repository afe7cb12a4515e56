import type { Acks, KafkaDriver, TopicSpec } from '../driver/driver.js';
import {
  checkInteger,
  checkMethods,
  checkString,
  invalidOption,
  readOption,
} from '../errors/option-checks.js';
import {
  durationMs,
  flag,
  integer,
  resolveOptions,
  text,
  type OptionTable,
  type Resolved,
} from '../errors/option-table.js';
import { resolveTopicNames, type TopicOptions } from '../protocol/topics.js';
import { DEFAULT_STAGE_TIMEOUT_MS } from './codec.js';
import { checkStageOrder } from './interceptors/stage-order.js';
import type { Serializer } from './serializer.js';
import { msgpack } from './serializers/msgpack.js';
import type { WireInterceptor } from './wire-interceptor.js';

/** Options of clients and servers. `serializer`, `interceptors` and `topics` must be the same on both sides. */
export interface WireOptions {
  /** The connection to Kafka: `kafkajsDriver({ brokers })`, or `memoryDriver()`. Servers and clients may share one. */
  readonly driver: KafkaDriver;
  /** Turns values into bytes. @default msgpack() */
  readonly serializer?: Serializer;
  /** Wire stages in encode order: compression, encryption, verification, your own. Each runs once per record. @default [] */
  readonly interceptors?: readonly WireInterceptor[];
  /**
   * How long a stage may take for one record, and for `open()`, in milliseconds. Then the record fails with an error that names the
   * stage. Applies to stages that return promises. @default 10000
   */
  readonly stageTimeoutMs?: number;
  /** The names of topics. @default `rpc.<service>.requests`, `rpc.replies`, `rpc.<service>.dead-letters`, `rpc.<service>.delays`, `rpc.<service>.results` and `rpc.<service>.control` */
  readonly topics?: TopicOptions;
  /**
   * Which replicas must have a record before it counts as sent: -1 for all in sync, 1 for the leader only. With 1, a record whose
   * acknowledgement is lost can be appended twice, because Kafka's idempotence needs -1. @default -1
   */
  readonly acks?: Acks;
  /**
   * The largest record in bytes, before wire stages. `max.message.bytes` of the topics must be 16,384 larger: the package creates topics
   * so, and checks existing ones. @default 1000000
   */
  readonly maxRecordBytes?: number;
  /** How many bytes may wait for the broker. More fail with `RESOURCE_EXHAUSTED`. @default 67108864 (64 MiB) */
  readonly maxQueuedBytes?: number;
  /**
   * How long an event or a reply is sent again until the broker has it, in milliseconds. A call is sent again until its deadline.
   * @default 30000
   */
  readonly deliveryTimeoutMs?: number;
  /** Create missing topics, and again, after 5 s, those that are deleted while they are used. @default true */
  readonly createTopics?: boolean;
  /** Partitions of a request topic, when the package creates it. @default 8 */
  readonly partitions?: number;
  /** Partitions of the reply topic, when the package creates it. @default 32 */
  readonly replyPartitions?: number;
  /** Replicas of topics that the package creates; -1 is the broker's default. @default -1 */
  readonly replicationFactor?: number;
  /** The name of this process in the broker's logs and metrics. @default 'nestjs-kafka-rpc' */
  readonly clientId?: string;
}

const MAX_PARTITIONS = 10_000;

/** Kafka's protocol has 16 bits for the length of a string, and 32 for a size. */
export const MAX_STRING_BYTES = 0x7fff;
const MAX_KAFKA_BYTES = 0x7fff_ffff;

/** Bytes of a record beside its frame list: the envelope, additions of stages, and the batch around it. */
const RECORD_ROOM_BYTES = 16_384;

/** The check of each option, with its default. */
export const WIRE_OPTIONS = {
  driver: (given, name) => checkMethods<KafkaDriver>(name, given, ['connect']),
  serializer: (given) => checkSerializer((given ?? msgpack()) as Serializer),
  interceptors: (given) => checkInterceptors((given ?? []) as readonly WireInterceptor[]),
  stageTimeoutMs: durationMs(DEFAULT_STAGE_TIMEOUT_MS, 1),
  topics: (given) => resolveTopicNames((given ?? {}) as TopicOptions),
  acks: (given) => checkAcks(given ?? -1),
  maxRecordBytes: integer(1_000_000, 1_024, MAX_KAFKA_BYTES - RECORD_ROOM_BYTES),
  maxQueuedBytes: integer(64 * 1024 * 1024, 1_024),
  deliveryTimeoutMs: durationMs(30_000, 1),
  createTopics: flag(true),
  partitions: integer(8, 1, MAX_PARTITIONS),
  replyPartitions: integer(32, 1, MAX_PARTITIONS),
  replicationFactor: (given) => checkReplicationFactor(given ?? -1),
  clientId: text('nestjs-kafka-rpc', MAX_STRING_BYTES),
} satisfies OptionTable<WireOptions>;

export type ResolvedWireOptions = Resolved<typeof WIRE_OPTIONS>;

/** Fills in defaults. @throws RpcError `INVALID_ARGUMENT` with the option, its value and what it must be. */
export const resolveWireOptions = (options: WireOptions): ResolvedWireOptions =>
  resolveOptions(WIRE_OPTIONS, options);

const checkReplicationFactor = (value: unknown): number => {
  if (value === 0) throw invalidOption('replicationFactor', value, "-1 (the broker's default) or at least 1");
  return checkInteger('replicationFactor', value, -1, 32_767);
};

const checkAcks = (acks: unknown): Acks => {
  if (acks === -1 || acks === 1) return acks;
  throw invalidOption('acks', acks, '-1 (all in-sync replicas) or 1 (the leader)');
};

const checkSerializer = (serializer: Serializer): Serializer => {
  checkMethods<Serializer>('serializer', serializer, ['serialize', 'deserialize']);
  const contentType = readOption('serializer.contentType', () => serializer.contentType);
  checkString('serializer.contentType', contentType, MAX_NAME_BYTES);
  return serializer;
};

const checkInterceptors = (interceptors: readonly WireInterceptor[]): readonly WireInterceptor[] => {
  if (!Array.isArray(interceptors))
    throw invalidOption('interceptors', interceptors, 'an array of wire interceptors');
  for (const [i, stage] of interceptors.entries()) {
    checkMethods<WireInterceptor>(`interceptors[${i}]`, stage, ['encode', 'decode']);
    const option = `interceptors[${i}].name`;
    checkStageName(
      option,
      readOption(option, () => stage.name),
      interceptors.slice(0, i),
    );
  }
  checkStageOrder(interceptors);
  return Object.freeze([...interceptors]);
};

/** Every record has the names of its stages, joined by `+`. */
const checkStageName = (option: string, name: unknown, before: readonly WireInterceptor[]): void => {
  const text = checkString(option, name);
  if (text.includes('+') || Buffer.byteLength(text) > MAX_NAME_BYTES) {
    throw invalidOption(option, name, `at most ${MAX_NAME_BYTES} bytes of UTF-8, without "+"`);
  }
  if (before.some((stage) => stage.name === text))
    throw invalidOption(option, name, 'a name that no other stage has');
};

const MAX_NAME_BYTES = 255;

/** Deadlines need the broker's clock, and size limits need records stored as sent. */
const REQUIRED_CONFIG = { 'message.timestamp.type': 'LogAppendTime', 'compression.type': 'uncompressed' };

/** Kafka's own default of `max.message.bytes`. */
const KAFKA_MAX_MESSAGE_BYTES = 1_048_588;

type SizeOptions = Pick<ResolvedWireOptions, 'maxRecordBytes'>;

const neededMessageBytes = ({ maxRecordBytes }: SizeOptions): number => maxRecordBytes + RECORD_ROOM_BYTES;

/** `max.message.bytes` of a topic that the package creates: room for the largest record. */
const maxMessageBytes = (options: SizeOptions): number =>
  Math.max(KAFKA_MAX_MESSAGE_BYTES, neededMessageBytes(options));

/** @param moreBytes room beyond a record of requests or replies */
const sizeConfig = (options: SizeOptions, moreBytes = 0): Record<string, string> => ({
  'max.message.bytes': String(maxMessageBytes(options) + moreBytes),
});

/** An existing topic must have this room too. */
const sizeNeeded = (options: SizeOptions): TopicSpec['atLeast'] => ({
  'max.message.bytes': {
    value: neededMessageBytes(options),
    why: `for records of maxRecordBytes=${options.maxRecordBytes}: raise the setting, or lower the option`,
  },
});

/** A reply is useless after its caller's deadline: ten minutes are ample. */
const REPLY_RETENTION_MS = 10 * 60 * 1000;

export const requestTopicSpec = (topic: string, options: ResolvedWireOptions): TopicSpec => ({
  topic,
  partitions: options.partitions,
  replicationFactor: options.replicationFactor,
  config: { ...REQUIRED_CONFIG, ...sizeConfig(options) },
  required: Object.keys(REQUIRED_CONFIG),
  atLeast: sizeNeeded(options),
});

/** Room for what a dead letter or a delayed event adds to a record. */
const DEAD_LETTER_BYTES = 65_536;

/** Room for the history of a delayed event. */
export const DEFERRAL_BYTES = 16_384;

export const delayTopicSpec = (
  topic: string,
  options: Pick<ResolvedWireOptions, 'partitions' | 'replicationFactor' | 'maxRecordBytes'>,
): TopicSpec => ({
  topic,
  partitions: options.partitions,
  replicationFactor: options.replicationFactor,
  config: { ...REQUIRED_CONFIG, ...sizeConfig(options, DEAD_LETTER_BYTES) },
  required: Object.keys(REQUIRED_CONFIG),
  atLeast: {
    'max.message.bytes': {
      value: neededMessageBytes(options) + DEFERRAL_BYTES,
      why: `for records of maxRecordBytes=${options.maxRecordBytes} that wait: raise the setting, or lower the option`,
    },
  },
});

export const deadLetterTopicSpec = (
  topic: string,
  options: Pick<ResolvedWireOptions, 'partitions' | 'replicationFactor' | 'maxRecordBytes'>,
): TopicSpec => ({
  topic,
  partitions: options.partitions,
  replicationFactor: options.replicationFactor,
  config: {
    'message.timestamp.type': 'LogAppendTime',
    // A record that just fits its request topic fits here too.
    ...sizeConfig(options, DEAD_LETTER_BYTES),
  },
  required: [],
});

/** How much larger than another record one may be that holds a result. */
export const RESULT_BYTES = 1_024;

const HOUR_MS = 60 * 60 * 1000;
const MIB = 1024 * 1024;

/** Deleted by age and by size: what is too old for its servers, or too much for their memory, is not read either. */
export const resultTopicSpec = (
  topic: string,
  options: Pick<ResolvedWireOptions, 'partitions' | 'replicationFactor' | 'maxRecordBytes'>,
  kept: { readonly ttlMs: number; readonly maxBytes: number },
): TopicSpec => ({
  topic,
  partitions: options.partitions,
  replicationFactor: options.replicationFactor,
  config: {
    ...REQUIRED_CONFIG,
    ...sizeConfig(options, DEAD_LETTER_BYTES),
    'cleanup.policy': 'delete',
    'retention.ms': String(kept.ttlMs),
    'retention.bytes': String(kept.maxBytes),
    'segment.ms': String(Math.min(HOUR_MS, Math.max(60_000, Math.ceil(kept.ttlMs / 4)))),
    'segment.bytes': String(Math.min(1024 * MIB, Math.max(2 * MIB, Math.ceil(kept.maxBytes / 4)))),
  },
  required: Object.keys(REQUIRED_CONFIG),
  atLeast: {
    'max.message.bytes': {
      value: neededMessageBytes(options) + RESULT_BYTES,
      why: `for results of maxRecordBytes=${options.maxRecordBytes}: raise the setting, or lower the option`,
    },
  },
});

/** The partition of the control topic in which servers are asked. */
export const ASKS_PARTITION = 0;

/** One partition for what is asked and one for calls to all servers, so that neither waits for the other. */
const CONTROL_PARTITIONS = 2;

/** As short as that of replies: what is asked is answered at once, or never. */
export const controlTopicSpec = (topic: string, options: ResolvedWireOptions): TopicSpec => ({
  ...replyTopicSpec(options),
  topic,
  partitions: CONTROL_PARTITIONS,
});

export const replyTopicSpec = (options: ResolvedWireOptions): TopicSpec => ({
  topic: options.topics.replies,
  partitions: options.replyPartitions,
  replicationFactor: options.replicationFactor,
  config: {
    ...REQUIRED_CONFIG,
    ...sizeConfig(options),
    'retention.ms': String(REPLY_RETENTION_MS),
    'segment.ms': String(REPLY_RETENTION_MS),
  },
  required: Object.keys(REQUIRED_CONFIG),
  atLeast: sizeNeeded(options),
});
