import kafkajs, { type Kafka } from 'kafkajs';
import type { LoggingIn } from './bounded-login.js';
import type { Retrier } from './bounded-retry.js';
import type { FramedConnection } from './guarded-frames.js';
import type { RequestQueue } from './quiet-request-queue.js';
import type { ClusterMetadata } from './requests/metadata.js';
import type { RequestedBroker } from './requests/send.js';
import type { ConnectingBroker } from './whole-connects.js';

/** kafkajs' cluster: metadata and brokers. What of it is used here; what is not readonly is put in its place. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  isConnected(): boolean;
  /** For its topics, from whichever broker answers. */
  refreshMetadata(): Promise<void>;
  findBroker(options: { nodeId: number }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
  findGroupCoordinator: (options: { groupId: string }) => Promise<Broker>;
  /** The topics that metadata is asked for. */
  readonly targetTopics: Set<string>;
  readonly brokerPool: BrokerPool;
  readonly connectionPoolBuilder: ConnectionPoolBuilder;
  retrier: Retrier;
}

export interface BrokerPool {
  readonly brokers: Readonly<Record<string, Broker>>;
  readonly seedBroker?: Broker;
  readonly metadata: ClusterMetadata | null;
  connect(): Promise<void>;
  createBroker: (options: object) => ConnectingBroker;
  hasConnectedBrokers(): boolean;
  connectBroker: (broker: Broker) => Promise<unknown>;
  findBroker(options: { nodeId: number }): Promise<Broker>;
  findConnectedBroker: () => Promise<Broker>;
  retrier: Retrier;
}

export interface ConnectionPoolBuilder {
  build: (destination?: object) => Promise<{
    readonly pool: readonly (LoggingIn & FramedConnection & { readonly requestQueue: RequestQueue })[];
  }>;
}

export interface TopicOffsets {
  readonly topic: string;
  readonly partitions: readonly {
    readonly partition: number;
    readonly offset: string;
    readonly metadata?: string | null;
  }[];
}

/** One broker's requests. */
export interface Broker extends RequestedBroker {
  readonly nodeId: number;
  /** What it speaks, by API key; null until it was connected. */
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>> | null;
  readonly connectionPool: RequestedBroker['connectionPool'] & {
    readonly host: string;
    readonly port: number;
  };
  isConnected(): boolean;
  createTopics(request: { readonly topics: readonly object[] }): Promise<unknown>;
  describeConfigs(request: { readonly resources: readonly object[] }): Promise<DescribedConfigs>;
  joinGroup(request: JoinRequest): Promise<JoinResponse>;
  syncGroup(request: SyncRequest): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: CommitterOfMember): Promise<unknown>;
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
  offsetFetch(request: { readonly groupId: string; readonly topics: readonly object[] }): Promise<{
    readonly responses: readonly TopicOffsets[];
  }>;
  offsetCommit(request: CommitterOfMember & { readonly topics: readonly object[] }): Promise<unknown>;
  describeGroups(request: { readonly groupIds: readonly string[] }): Promise<{
    readonly groups: readonly DescribedGroup[];
  }>;
}

export interface DescribedGroup {
  /** Kafka's name of it. */
  readonly state: string;
  /** The way of sharing that the coordinator chose. */
  readonly protocol: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly clientId: string;
    readonly memberMetadata: Buffer | null;
    readonly memberAssignment: Buffer | null;
  }[];
}

export interface DescribedConfigs {
  readonly resources: readonly {
    readonly resourceName: string;
    readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[];
  }[];
}

interface CommitterOfMember {
  readonly groupId: string;
  readonly groupGenerationId: number;
  readonly memberId: string;
}

interface SyncRequest {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupAssignment: readonly object[];
}

interface JoinRequest {
  readonly groupId: string;
  readonly sessionTimeout: number;
  readonly rebalanceTimeout: number;
  readonly memberId: string;
  readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
}

interface JoinResponse {
  readonly generationId: number;
  /** The way of sharing that the coordinator chose. */
  readonly groupProtocol: string;
  readonly leaderId: string;
  readonly memberId: string;
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
}

const METADATA_MAX_AGE_MS = 24 * 60 * 60 * 1000;

/**
 * A cluster of kafkajs, with connections of its own.
 *
 * kafkajs hands its cluster to partition assigners, which is public and typed; the consumer that carries it here is never
 * connected and joins no group.
 */
export const captureCluster = (kafka: Kafka): Cluster => {
  let captured: unknown;
  kafka.consumer({
    groupId: 'nestjs-kafka-rpc:cluster',
    // Refreshed by us, not in the way of a request.
    metadataMaxAge: METADATA_MAX_AGE_MS,
    allowAutoTopicCreation: false,
    readUncommitted: true,
    partitionAssigners: [
      (config) => {
        captured = config.cluster;
        return kafkajs.PartitionAssigners.roundRobin(config);
      },
    ],
  });
  return captured as Cluster;
};

/** Ends all requests of a cluster that are under way: a parked fetch or join would delay its disconnect. */
export const rejectRequests = (cluster: Cluster, reason: Error): void => {
  const { brokers, seedBroker } = cluster.brokerPool;
  for (const broker of new Set([...Object.values(brokers), seedBroker])) {
    for (const connection of broker?.connectionPool.pool ?? []) connection.rejectRequests(reason);
  }
};
