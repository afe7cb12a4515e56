import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import {
  DEFAULT_PRODUCE_TIMEOUT_MS,
  type BatchPlace,
  type ProduceAck,
  type ProduceOptions,
} from '../driver.js';
import { missingTopic } from '../missing-topic.js';
import type { ProducerRecord, TopicPartition } from '../record.js';
import type { MemoryBroker } from './memory-broker.js';
import { PartitionMap } from './partition-map.js';
import type { PlayedOutcome } from './produce-play.js';

const AS_USUAL: PlayedOutcome = Object.freeze({});

/**
 * Appends the batches of one connection: at once, and behind one of the same partition that takes its time.
 * @see DriverConnection.produce
 */
export class MemoryProducer {
  /** Of the partitions that have something under way: settles when nothing more is. */
  private readonly underWay = new PartitionMap<Promise<unknown>>();

  constructor(private readonly broker: MemoryBroker) {}

  async produce(records: readonly ProducerRecord[], options: ProduceOptions): Promise<ProduceAck> {
    const at = partitionOf(records);
    const before = this.underWay.get(at);
    if (before === undefined) return this.begin(at, this.append(at, records, options));
    return this.begin(
      at,
      before.then(() => this.append(at, records, options)),
    );
  }

  /** Has what is asked for later wait, if this is not done at once. */
  private begin(
    at: TopicPartition,
    work: ProduceAck | Promise<ProduceAck>,
  ): ProduceAck | Promise<ProduceAck> {
    if (!(work instanceof Promise)) return work;
    const ended = work
      .catch(() => undefined)
      .then(() => {
        if (this.underWay.get(at) === ended) this.underWay.delete(at);
      });
    this.underWay.set(at, ended);
    return work;
  }

  private append(
    at: TopicPartition,
    records: readonly ProducerRecord[],
    options: ProduceOptions,
  ): ProduceAck | Promise<ProduceAck> {
    const outcome = this.broker.play({ ...at, records }) ?? AS_USUAL;
    if (this.broker.wasDeleted(at.topic)) return this.appendLater(at.topic, records, options);
    if (outcome.delayedBy !== undefined) options.onDelayed?.(outcome.delayedBy);
    if (outcome.takesMs === undefined) return this.settle(records, options, outcome);
    return after(outcome.takesMs).then(() => this.settle(records, options, outcome));
  }

  /** As on Kafka: what goes to a topic that is gone is tried again until its time is over. */
  private async appendLater(
    topic: string,
    records: readonly ProducerRecord[],
    options: ProduceOptions,
  ): Promise<ProduceAck> {
    options.onDelayed?.(missingTopic(topic));
    await this.broker.whenMade(topic, options.timeoutMs ?? DEFAULT_PRODUCE_TIMEOUT_MS);
    if (this.broker.wasDeleted(topic)) throw missingTopic(topic);
    return this.settle(records, options, AS_USUAL);
  }

  private settle(
    records: readonly ProducerRecord[],
    options: ProduceOptions,
    outcome: PlayedOutcome,
  ): ProduceAck | Promise<ProduceAck> {
    try {
      this.broker.ensureUp();
      if (outcome.refusal !== undefined) throw outcome.refusal;
      const ack = this.broker.append(records);
      if (outcome.lostAnswer !== undefined) throw outcome.lostAnswer;
      return outcome.throttleMs === undefined ? ack : { ...ack, throttleMs: outcome.throttleMs };
    } catch (error) {
      if (isTooLarge(error) && options.onTooLarge !== undefined) return this.replace(options, error);
      throw error;
    }
  }

  private async replace({ onTooLarge }: ProduceOptions, error: RpcError): Promise<never> {
    let before: Promise<unknown> | undefined;
    const produce: BatchPlace['produce'] = async (records, options) => {
      const append = (): ProduceAck | Promise<ProduceAck> =>
        this.append(partitionOf(records), records, options);
      const work = before === undefined ? append() : before.then(append);
      if (work instanceof Promise) before = work.catch(() => undefined);
      return work;
    };
    // In its place: what is asked for meanwhile elsewhere waits until this is over.
    await onTooLarge?.({ produce }, error);
    await before;
    throw error;
  }
}

const after = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

const isTooLarge = (error: unknown): error is RpcError =>
  error instanceof RpcError && error.status === RpcStatus.RESOURCE_EXHAUSTED;

/** @throws RpcError `INVALID_ARGUMENT` for no records, and those of several partitions. */
const partitionOf = (records: readonly ProducerRecord[]): TopicPartition => {
  const [first] = records;
  const isOne = records.every((each) => each.topic === first?.topic && each.partition === first.partition);
  if (first !== undefined && isOne) return { topic: first.topic, partition: first.partition };
  throw new RpcError(
    RpcStatus.INVALID_ARGUMENT,
    'A batch has at least one record, and only those of one partition: call produce() once for each partition.',
  );
};
