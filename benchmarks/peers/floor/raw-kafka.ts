import kafkajs from 'kafkajs';
import type { Broker, Cluster, Message } from 'kafkajs';
import { connect } from 'node:net';
import type { PeerBroker } from '../peer.js';

const MAX_WAIT_MS = 500;
const MAX_BYTES = 4 * 1024 * 1024;
/** Every replica in sync: what kafkajs, Nest and this package do when nothing else is said. */
const ACKS = -1;

/** The records for one partition. */
export interface OutgoingBatch {
  readonly partition: number;
  readonly values: readonly Buffer[];
}

interface PartitionBatch {
  readonly partition: number;
  readonly messages: Message[];
}

interface FetchedPartition {
  readonly partition: number;
  readonly messages: readonly { readonly offset: string; readonly value: Buffer | null }[];
}

/** The least that produces and reads without a group: kafkajs' connections and protocol, nothing of its clients. */
export class RawKafka {
  private isOpen = true;

  private constructor(private readonly cluster: Cluster) {}

  static async connect({ brokers }: PeerBroker, topics: readonly string[]): Promise<RawKafka> {
    const cluster = captureCluster(brokers);
    await cluster.connect();
    for (const topic of topics) await cluster.addTargetTopic(topic);
    return new RawKafka(cluster);
  }

  /** One request to each leader; resolves when all have acknowledged. */
  async produce(topic: string, batches: readonly OutgoingBatch[]): Promise<void> {
    const byLeader = new Map<string, PartitionBatch[]>();
    for (const { partition, values } of batches) {
      const leader = this.leaderOf(topic, partition);
      const messages = values.map((value) => ({ key: null, value, headers: {} }));
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), { partition, messages }]);
    }
    await Promise.all(
      [...byLeader].map(async ([leader, partitions]) => {
        const broker = await this.cluster.findBroker({ nodeId: leader });
        await broker.produce({ topicData: [{ topic, partitions }], acks: ACKS });
      }),
    );
  }

  /** Reads from the end of each partition on. Resolves when the ends are known: what is produced later is not missed. */
  async read(topic: string, partitions: readonly number[], onValue: (value: Buffer) => void): Promise<void> {
    const asked = partitions.map((partition) => ({ partition }));
    const [ends] = await this.cluster.fetchTopicsOffset([{ topic, partitions: asked, fromBeginning: false }]);
    const next = new Map(ends?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
    const leaders = this.cluster.findLeaderForPartitions(topic, [...partitions]);
    for (const [leader, led] of Object.entries(leaders)) {
      const broker = await this.cluster.findBroker({ nodeId: leader });
      this.keepFetching(broker, topic, { led, next, onValue }).catch((error: unknown) => {
        if (this.isOpen) throw error;
      });
    }
  }

  async close(): Promise<void> {
    this.isOpen = false;
    await this.cluster.disconnect();
  }

  private leaderOf(topic: string, partition: number): string {
    const [leader] = Object.keys(this.cluster.findLeaderForPartitions(topic, [partition]));
    if (leader === undefined) throw new Error(`Partition ${partition} of ${topic} has no leader`);
    return leader;
  }

  private async keepFetching(broker: Broker, topic: string, reading: Reading): Promise<void> {
    const { led, next, onValue } = reading;
    while (this.isOpen) {
      const partitions = led.map((partition) => ({
        partition,
        fetchOffset: String(next.get(partition)),
        maxBytes: MAX_BYTES,
      }));
      const request = { maxWaitTime: MAX_WAIT_MS, minBytes: 1, maxBytes: MAX_BYTES, isolationLevel: 0 };
      const fetched = (await broker.fetch({ ...request, topics: [{ topic, partitions }] })) as FetchResponse;
      for (const { partition, messages } of fetched.responses.flatMap((response) => response.partitions)) {
        for (const { offset, value } of messages) {
          next.set(partition, BigInt(offset) + 1n);
          if (value !== null) onValue(value);
        }
      }
    }
  }
}

interface Reading {
  readonly led: readonly number[];
  readonly next: Map<number, bigint>;
  readonly onValue: (value: Buffer) => void;
}

interface FetchResponse {
  readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[];
}

/** kafkajs hands its cluster to partition assigners; the consumer made for that is never connected. */
function captureCluster(brokers: readonly string[]): Cluster {
  const { Kafka, logLevel, PartitionAssigners } = kafkajs;
  const kafka = new Kafka({
    clientId: 'floor',
    brokers: [...brokers],
    logLevel: logLevel.ERROR,
    // Requests are small and wait for each other: Nagle's algorithm would hold them back.
    socketFactory: ({ host, port, onConnect }) => connect({ host, port, noDelay: true }, onConnect),
  });
  let captured: Cluster | undefined;
  kafka.consumer({
    groupId: 'never-joined',
    readUncommitted: true,
    partitionAssigners: [
      (config) => {
        captured = config.cluster;
        return PartitionAssigners.roundRobin(config);
      },
    ],
  });
  if (captured === undefined) throw new Error('kafkajs did not hand out its cluster');
  return captured;
}
