import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { ProduceAck, TopicSpec } from '../driver.js';
import type { ProducerRecord } from '../record.js';
import { PartitionLog } from './partition-log.js';
import { batchBytes } from './stored-record.js';

/** Kafka's own rule, so that a name that works here works there. */
const TOPIC_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/;

/** Kafka's defaults of the settings that callers are likely to require. */
const DEFAULT_CONFIG: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'compression.type': 'producer',
  'message.timestamp.type': 'CreateTime',
  'retention.ms': '604800000',
};

const NO_APPEND_TIME = -1;

export interface MemoryTopicLimits {
  readonly maxBatchBytes: number;
  readonly retentionRecords: number;
}

/** A topic: its settings and one log per partition. */
export class MemoryTopic {
  readonly logs: PartitionLog[];
  private readonly name: string;
  private readonly config: Readonly<Record<string, string>>;
  private readonly maxBatchBytes: number;
  private readonly retentionRecords: number;

  /** @throws RpcError `INVALID_ARGUMENT` for a name or a number of partitions that Kafka would refuse too. */
  constructor(spec: TopicSpec, limits: MemoryTopicLimits) {
    const { topic } = spec;
    const partitions = spec.partitions === -1 ? 1 : spec.partitions;
    if (!TOPIC_NAME.test(topic)) {
      throw new RpcError(
        RpcStatus.INVALID_ARGUMENT,
        `"${topic}" is no topic name: use 1 to 249 letters, digits, dots, hyphens and underscores.`,
      );
    }
    if (!Number.isSafeInteger(partitions) || partitions < 1) {
      throw new RpcError(
        RpcStatus.INVALID_ARGUMENT,
        `Topic "${topic}" cannot have ${partitions} partitions: use 1 or more, or -1 for the broker's default.`,
      );
    }
    this.name = topic;
    this.config = { ...DEFAULT_CONFIG, ...spec.config };
    this.maxBatchBytes = Math.min(limits.maxBatchBytes, Number(spec.config['max.message.bytes'] ?? Infinity));
    this.retentionRecords = limits.retentionRecords;
    this.logs = [];
    this.grow(partitions);
  }

  /** @throws RpcError `INVALID_ARGUMENT` when the topic has as many already: Kafka takes no partition away. */
  addPartitions(partitions: number): void {
    if (!Number.isSafeInteger(partitions) || partitions <= this.logs.length) {
      throw new RpcError(
        RpcStatus.INVALID_ARGUMENT,
        `Topic "${this.name}" has ${this.logs.length} partitions: ask for more than that, not for ${partitions}.`,
      );
    }
    this.grow(partitions);
  }

  private grow(partitions: number): void {
    const { name: topic, retentionRecords } = this;
    for (let partition = this.logs.length; partition < partitions; partition++)
      this.logs.push(new PartitionLog({ topic, partition }, retentionRecords));
  }

  /** @throws RpcError `FAILED_PRECONDITION` for the first required setting that is another. */
  check(spec: TopicSpec): void {
    for (const setting of spec.required) {
      const actual = this.config[setting];
      const wanted = spec.config[setting];
      if (actual === wanted) continue;
      throw new RpcError(
        RpcStatus.FAILED_PRECONDITION,
        `Topic "${this.name}" has ${setting}=${actual ?? '(not set)'} and needs ${setting}=${wanted}: ` +
          'change the setting of the topic, or use another topic.',
      );
    }
    for (const [setting, { value, why }] of Object.entries(spec.atLeast ?? {})) {
      const actual = this.config[setting];
      if (actual === undefined || Number(actual) >= value) continue;
      throw new RpcError(
        RpcStatus.FAILED_PRECONDITION,
        `Topic "${this.name}" has ${setting}=${actual} and needs at least ${value} ${why}.`,
      );
    }
  }

  /** @throws RpcError `FAILED_PRECONDITION` for a partition that is not there. */
  log(partition: number): PartitionLog {
    const log = this.logs[partition];
    if (log !== undefined) return log;
    throw new RpcError(
      RpcStatus.FAILED_PRECONDITION,
      `Topic "${this.name}" has no partition ${partition}: it has ${this.logs.length}, counted from 0.`,
    );
  }

  /** @throws RpcError `RESOURCE_EXHAUSTED`, not retryable: the same batch will be too large again. */
  checkBatch(partition: number, records: readonly ProducerRecord[]): void {
    const bytes = batchBytes(records);
    if (bytes <= this.maxBatchBytes) return;
    throw new RpcError(
      RpcStatus.RESOURCE_EXHAUSTED,
      `A batch of ${bytes} bytes for partition ${partition} of topic "${this.name}" exceeds the broker's ` +
        `limit of ${this.maxBatchBytes}: send less, or raise maxBatchBytes or the topic's max.message.bytes.`,
      { retryable: false, details: { topic: this.name, bytes, maxBytes: this.maxBatchBytes } },
    );
  }

  append(partition: number, records: readonly ProducerRecord[], nowMs: number): ProduceAck {
    const baseOffset = this.log(partition).append(records, nowMs);
    const hasAppendTime = this.config['message.timestamp.type'] === 'LogAppendTime';
    return {
      topic: this.name,
      partition,
      baseOffset,
      appendTimeMs: hasAppendTime ? nowMs : NO_APPEND_TIME,
    };
  }
}
