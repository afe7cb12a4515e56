import { createErrorFromCode } from 'kafkajs/src/protocol/error.js';
import type { ProtocolApi, ProtocolRequest, ProtocolResponse } from './protocol-request.js';
import { maxTextBytes } from './request-writer.js';
import type { ResponseReader } from './response-reader.js';

/** The first version with topic ids: brokers from 2.8 on. */
const WITH_IDS = { apiKey: 3, apiVersion: 10, apiName: 'Metadata', isFlexible: true } as const;
/** What all others have: brokers from 2.3 on. */
const WITHOUT_IDS = { apiKey: 3, apiVersion: 8, apiName: 'Metadata', isFlexible: false } as const;

const UUID_BYTES = 16;
const NO_ID = '0'.repeat(UUID_BYTES * 2);
const BYTES_PER_TOPIC = UUID_BYTES + 8;
const OVERHEAD_BYTES = 16;

/** A broker that can be talked to. */
export interface BrokerAddress {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

export interface PartitionOfTopic {
  readonly partitionId: number;
  /** The node that leads it; -1 while nobody does. */
  readonly leader: number;
  /** Grows with each change of leader. */
  readonly leaderEpoch: number;
}

export interface TopicMetadata {
  readonly topic: string;
  /** Another one when the topic was deleted and made anew; undefined where the broker has none. */
  readonly id: string | undefined;
  /** Why nothing is known of this topic; the others are not affected, unlike with kafkajs' own request. */
  readonly error: Error | undefined;
  /** A bit for each operation that this connection may do; `mayDo` reads it. */
  readonly operations: number;
  readonly partitionMetadata: readonly PartitionOfTopic[];
}

/** In the names of kafkajs, whose pool of brokers takes it. */
export interface ClusterMetadata {
  readonly brokers: readonly BrokerAddress[];
  readonly controllerId: number;
  readonly topicMetadata: readonly TopicMetadata[];
}

/**
 * Asks for the brokers of the cluster and for these topics, which are not created.
 * @param hasTopicIds whether the broker speaks version 10
 * @see https://kafka.apache.org/protocol#The_Messages_Metadata
 */
export const metadataRequest = (
  topics: readonly string[],
  hasTopicIds: boolean,
): ProtocolRequest<ClusterMetadata> => {
  const api: ProtocolApi & { readonly isFlexible: boolean } = hasTopicIds ? WITH_IDS : WITHOUT_IDS;
  return {
    api,
    maxBytes: topics.reduce((sum, topic) => sum + BYTES_PER_TOPIC + maxTextBytes(topic), OVERHEAD_BYTES),
    write: (writer) => {
      if (api.isFlexible) writer.unsignedVarint(topics.length + 1);
      else writer.int32(topics.length);
      for (const topic of topics) {
        if (!api.isFlexible) {
          writer.string(topic);
          continue;
        }
        writer.bytes(new Uint8Array(UUID_BYTES));
        writer.compactString(topic);
        writer.noTaggedFields();
      }
      writer.int8(0); // do not create topics
      writer.int8(0); // no operations on the cluster
      writer.int8(1); // the operations on each topic
      if (api.isFlexible) writer.noTaggedFields();
    },
    read: (reader) => readResponse(new VersionedReader(reader, api.isFlexible)),
  };
};

/** Whether the broker speaks of topic ids. `versions` are kafkajs', by API key. */
export const speaksTopicIds = (
  versions: Readonly<Record<number, { readonly maxVersion: number }>> | null | undefined,
): boolean => (versions?.[WITH_IDS.apiKey]?.maxVersion ?? 0) >= WITH_IDS.apiVersion;

/** The same fields, as flexible versions and others write them. */
class VersionedReader {
  constructor(
    readonly plain: ResponseReader,
    readonly isFlexible: boolean,
  ) {}

  list<T>(read: () => T): T[] {
    const length = this.isFlexible ? this.plain.unsignedVarint() - 1 : this.plain.int32();
    return Array.from({ length: Math.max(0, length) }, () => {
      const value = read();
      this.end();
      return value;
    });
  }

  text(): string | null {
    return this.isFlexible ? this.plain.compactString() : this.plain.nullableString();
  }

  skipNumbers(): void {
    const length = this.isFlexible ? this.plain.unsignedVarint() - 1 : this.plain.int32();
    this.plain.skip(4 * Math.max(0, length));
  }

  end(): void {
    if (this.isFlexible) this.plain.skipTaggedFields();
  }
}

const readResponse = (reader: VersionedReader): ProtocolResponse<ClusterMetadata> => {
  const { plain } = reader;
  const throttleMs = plain.throttleMs();
  const brokers = reader.list(() => ({
    nodeId: plain.int32(),
    host: reader.text() ?? '',
    port: plain.int32(),
    rack: reader.text(),
  }));
  reader.text(); // cluster id
  const controllerId = plain.int32();
  const topicMetadata = reader.list(() => readTopic(reader));
  return { value: { brokers, controllerId, topicMetadata }, throttleMs };
};

const readTopic = (reader: VersionedReader): TopicMetadata => {
  const { plain } = reader;
  const code = plain.int16();
  const topic = reader.text() ?? '';
  const id = reader.isFlexible ? plain.uuid() : NO_ID;
  plain.int8(); // internal
  const partitionMetadata = reader.list(() => readPartition(reader));
  const operations = plain.int32();
  const error = code === 0 ? undefined : createErrorFromCode(code);
  return { topic, id: id === NO_ID ? undefined : id, error, operations, partitionMetadata };
};

const readPartition = (reader: VersionedReader): PartitionOfTopic => {
  const { plain } = reader;
  plain.int16(); // why it has no leader
  const partitionId = plain.int32();
  const leader = plain.int32();
  const leaderEpoch = plain.int32();
  reader.skipNumbers(); // replicas
  reader.skipNumbers(); // in sync
  reader.skipNumbers(); // offline
  return { partitionId, leader, leaderEpoch };
};
