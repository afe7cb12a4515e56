import type { ModuleMetadata } from '@nestjs/common';
import type { KafkaRpcClient, KafkaRpcClientOptions, KafkaRpcServerOptions } from 'nestjs-kafka-rpc';
import type { RunningApp } from './rpc-cluster.js';

/** What a scenario needs of a cluster, in memory or on a broker: both hold the same. */
export interface AnyCluster {
  serve(metadata: ModuleMetadata, options?: Partial<KafkaRpcServerOptions>): Promise<RunningApp>;
  client(options?: Partial<KafkaRpcClientOptions>): KafkaRpcClient;
  close(): Promise<unknown>;
}
