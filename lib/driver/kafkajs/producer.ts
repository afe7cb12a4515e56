import { RateLimitedLog } from '../../diagnostics/rate-limited-log.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { Acks, DriverLog, ProduceAck, ProduceOptions } from '../driver.js';
import type { ProducerRecord, TopicPartition } from '../record.js';
import { backoffMs, sleep, within } from './backoff.js';
import { BrokerRequests } from './broker-requests.js';
import { connectionClosed, type ClusterLink } from './cluster-link.js';
import { errorType } from './kafkajs-errors.js';
import { PendingBatch } from './pending-batch.js';
import { ProducerIdentity } from './producer-identity.js';
import { PartitionProducer, type PartitionProducerParts } from './producer-partition.js';
import { produceRequest, type ProducedPartition, type ProduceResponse } from './requests/produce.js';
import type { SequencedBatch } from './sequenced-batch.js';
import { tooLargeError, type LimitOf } from './too-large.js';

/** The broker's own time limit for in-sync replicas to follow. */
const REPLICATION_TIMEOUT_MS = 10_000;
/** An attempt does not wait longer for news of the cluster: what is known may do. */
const MAX_RECOVERY_MS = 2_000;
/** Of one request; a batch that is larger goes alone. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024;

export interface ProducerParts {
  readonly link: Pick<
    ClusterLink,
    'addTopics' | 'anyBroker' | 'denied' | 'knows' | 'leaderOf' | 'partitionsOf' | 'send' | 'recover'
  >;
  readonly log: Pick<DriverLog, 'warn'>;
  readonly closing: AbortSignal;
  readonly limitOf: LimitOf;
  /** Milliseconds on a clock that does not go back. */
  readonly now?: () => number;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/**
 * Appends batches, once each and in the order of their partition (KIP-98).
 *
 * What is asked for in one turn of the event loop leaves in one request to each leader, and up to five requests to a broker
 * are in flight. A batch that has to be tried again holds up its own partition alone.
 */
export class Producer {
  private readonly partitions = new Map<string, PartitionProducer[]>();
  private readonly brokers = new Map<number, BrokerRequests>();
  /** Partitions that may have something to send. */
  private readonly ready = new Set<PartitionProducer>();
  private readonly identity: ProducerIdentity;
  private readonly now: () => number;
  private readonly random: () => number;
  private readonly partitionParts: PartitionProducerParts;
  private readonly throttles: RateLimitedLog<'throttled'>;
  private isFlushPlanned = false;

  constructor(private readonly parts: ProducerParts) {
    const { link, log, closing, limitOf, now = monotonicNow, random = Math.random } = parts;
    this.now = now;
    this.random = random;
    this.throttles = new RateLimitedLog((line) => log.warn(line), now);
    this.identity = new ProducerIdentity(link, log, now);
    this.partitionParts = {
      identity: this.identity,
      now,
      onReady: (partition) => this.makeReady(partition),
      onRefused: (topic, error) => {
        if (errorType(error) === 'TOPIC_AUTHORIZATION_FAILED')
          link.denied({ operation: 'Write', topic, error });
      },
      tooLarge: (batch) => tooLargeError(batch, limitOf),
      pause: (attempt, error) => this.pause(attempt, error),
      closedBy: () => (closing.aborted ? connectionClosed() : undefined),
    };
    closing.addEventListener('abort', () => this.close(), { once: true });
  }

  /** @see DriverConnection.produce */
  produce(records: readonly ProducerRecord[], options: ProduceOptions): Promise<ProduceAck> {
    const pending = new PendingBatch(records, options, this.now());
    this.partitionOf(pending).add(pending);
    return pending.outcome;
  }

  /** Asks for the producer id ahead of the first batch. A failure is met again by that. */
  warmUp(): void {
    const asked = this.parts.link.anyBroker().then(({ nodeId }) => this.identity.ask(nodeId));
    asked.catch(() => undefined);
  }

  private close(): void {
    for (const partitions of this.partitions.values())
      for (const partition of partitions) partition?.close(connectionClosed());
    this.ready.clear();
  }

  private partitionOf({ topic, partition }: TopicPartition): PartitionProducer {
    let known = this.partitions.get(topic);
    if (known === undefined) this.partitions.set(topic, (known = []));
    return (known[partition] ??= new PartitionProducer({ topic, partition }, this.partitionParts));
  }

  private makeReady(partition: PartitionProducer): void {
    this.ready.add(partition);
    this.flushSoon();
  }

  /** Not now: what else is asked for in this turn goes into the same requests. */
  private flushSoon(): void {
    if (this.isFlushPlanned) return;
    this.isFlushPlanned = true;
    queueMicrotask(() => {
      this.isFlushPlanned = false;
      this.flush();
    });
  }

  private flush(): void {
    const shares = new Map<number, PartitionProducer[]>();
    for (const partition of this.ready) {
      const leader = partition.isOpen ? this.leaderFor(partition) : undefined;
      if (leader === undefined || !partition.maySendTo(leader)) {
        this.ready.delete(partition);
        continue;
      }
      const share = shares.get(leader);
      if (share === undefined) shares.set(leader, [partition]);
      else share.push(partition);
    }
    for (const [nodeId, partitions] of shares) this.sendAll(this.brokerOf(nodeId), partitions);
  }

  /** Who is to have the next batch of this partition; undefined when it waits for something, and is ready again after. */
  private leaderFor(partition: PartitionProducer): number | undefined {
    const { link } = this.parts;
    const leader = link.leaderOf(partition);
    if (leader !== undefined && !partition.needsId) return leader;
    // With something in flight it is ready again when that is answered.
    if (partition.nextAcks === undefined || partition.isInFlight) return undefined;
    if (!link.knows(partition.topic)) {
      partition.waitFor(link.addTopics([partition.topic]));
    } else if (partition.partition >= link.partitionsOf(partition.topic)) {
      partition.abandon(partitionGone(partition, link.partitionsOf(partition.topic)));
    } else if (leader === undefined) {
      partition.waitFor(Promise.reject(leaderUnknown()));
    } else {
      partition.waitFor(this.identity.ask(leader));
    }
    return undefined;
  }

  private brokerOf(nodeId: number): BrokerRequests {
    let broker = this.brokers.get(nodeId);
    if (broker === undefined) this.brokers.set(nodeId, (broker = new BrokerRequests(nodeId, this.now)));
    return broker;
  }

  private sendAll(broker: BrokerRequests, partitions: readonly PartitionProducer[]): void {
    while (broker.mayBegin) {
      const batches = this.takeBatches(broker.nodeId, partitions);
      if (batches.length === 0) return;
      void this.request(broker, batches);
    }
  }

  /** One of each partition at most, as Kafka wants it, and all with the same acknowledgement. */
  private takeBatches(nodeId: number, partitions: readonly PartitionProducer[]): InFlightBatch[] {
    const taken: InFlightBatch[] = [];
    let bytes = 0;
    let acks: Acks | undefined;
    for (const partition of partitions) {
      if (bytes >= MAX_REQUEST_BYTES) break;
      if (!partition.maySendTo(nodeId) || (acks !== undefined && acks !== partition.nextAcks)) continue;
      const batch = partition.take(nodeId);
      if (batch === undefined) continue;
      acks = batch.acks;
      bytes += batch.bytes;
      taken.push({ partition, batch });
    }
    return taken;
  }

  private async request(broker: BrokerRequests, sent: readonly InFlightBatch[]): Promise<void> {
    broker.begin();
    try {
      const response = await this.send(broker.nodeId, sent);
      broker.answered(response.throttleMs);
      if (response.throttleMs > 0) this.throttled(broker, response.throttleMs);
      settle(sent, response);
    } catch (error) {
      // At once: what else is in flight on a connection that is stuck comes back with it.
      const recovered = within(this.parts.link.recover(error, broker.nodeId), MAX_RECOVERY_MS);
      void broker.failed(recovered).then(() => this.flushSoon());
      for (const { partition, batch } of sent) partition.failed(batch, error);
    }
    if (this.ready.size > 0) this.flushSoon();
  }

  private send(nodeId: number, sent: readonly InFlightBatch[]): Promise<ProduceResponse> {
    const batches = sent.map(({ batch }) => batch);
    const acks = batches[0]?.acks ?? -1;
    return this.parts.link.send(nodeId, produceRequest(batches, acks, REPLICATION_TIMEOUT_MS));
  }

  private throttled(broker: BrokerRequests, throttleMs: number): void {
    this.throttles.add(
      'throttled',
      () =>
        `The broker throttles this client for ${throttleMs} ms, as its quota is used up: send less, or raise its ` +
        'producer_byte_rate or request_percentage.',
    );
    void this.flushAfterThrottle(broker);
  }

  /** A timer may be a moment early, and nothing else would look again. */
  private async flushAfterThrottle(broker: BrokerRequests): Promise<void> {
    const { closing } = this.parts;
    while (broker.throttleMs > 0 && !closing.aborted) await sleep(Math.ceil(broker.throttleMs), closing);
    this.flushSoon();
  }

  private async pause(attempt: number, error: unknown): Promise<void> {
    const { link, closing } = this.parts;
    const recovered = link.recover(error);
    const jitter = 0.5 + this.random() / 2;
    await Promise.all([sleep(backoffMs(attempt) * jitter, closing), within(recovered, MAX_RECOVERY_MS)]);
  }
}

interface InFlightBatch {
  readonly partition: PartitionProducer;
  readonly batch: SequencedBatch;
}

const settle = (sent: readonly InFlightBatch[], { partitions, throttleMs }: ProduceResponse): void => {
  for (const { partition, batch } of sent) {
    const answer = partitions.find((each) => isSame(each, batch));
    if (answer === undefined)
      partition.failed(batch, new Error('The broker left the partition out of its answer.'));
    else partition.answered(batch, answer, throttleMs);
  }
};

const isSame = (one: ProducedPartition, other: TopicPartition): boolean =>
  one.partition === other.partition && one.topic === other.topic;

const partitionGone = ({ topic, partition }: TopicPartition, partitions: number): RpcError =>
  new RpcError(
    RpcStatus.UNAVAILABLE,
    `Partition ${partition} of ${topic} is gone: the topic was made anew with ${partitions} partitions.`,
  );

const leaderUnknown = (): Error =>
  Object.assign(new Error('The partition has no leader.'), { type: 'LEADER_NOT_AVAILABLE' });

const monotonicNow = (): number => performance.now();
