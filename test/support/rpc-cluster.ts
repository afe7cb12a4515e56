import { Logger, type INestMicroservice, type ModuleMetadata, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import {
  KafkaRpcClient,
  KafkaRpcServer,
  type KafkaRpcClientOptions,
  type KafkaRpcServerOptions,
} from 'nestjs-kafka-rpc';
import { memoryDriver, type MemoryDriver, type MemoryDriverOptions } from 'nestjs-kafka-rpc/memory';

/** A Nest microservice that serves its handlers. */
export interface RunningApp {
  readonly app: INestMicroservice;
  readonly server: KafkaRpcServer;
}

export interface ServeOptions extends Partial<KafkaRpcServerOptions> {
  /** Runs before the app listens: global pipes, hooks. */
  readonly prepare?: (app: INestMicroservice, server: KafkaRpcServer) => void;
}

/**
 * Nest servers and clients around one broker in this process:
 *
 *     beforeEach: cluster = new RpcCluster()  →  serve({ controllers }), client()  →  afterEach: cluster.close()
 *
 * The service is called `sum` where nothing else is said.
 */
export class RpcCluster {
  readonly driver: MemoryDriver;
  private readonly closers: (() => Promise<unknown>)[] = [];

  constructor(options: MemoryDriverOptions = {}) {
    Logger.overrideLogger(false);
    this.driver = memoryDriver(options);
  }

  /** Starts an app with these controllers and providers. */
  async serve(metadata: ModuleMetadata, options: ServeOptions = {}): Promise<RunningApp> {
    const { prepare, ...serverOptions } = options;
    const server = new KafkaRpcServer({
      service: 'sum',
      driver: this.driver,
      commitIntervalMs: 20,
      gracePeriodMs: 1_000,
      ...serverOptions,
    });
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(moduleOf(metadata), {
      strategy: server,
      logger: false,
    });
    this.onClose(() => app.close());
    prepare?.(app, server);
    await app.listen();
    return { app, server };
  }

  /** A client that connects at its first call. */
  client(options: Partial<KafkaRpcClientOptions> = {}): KafkaRpcClient {
    const client = new KafkaRpcClient({ service: 'sum', driver: this.driver, ...options });
    this.onClose(() => client.close());
    return client;
  }

  /** Closed before the servers and clients that were made before it. */
  onClose(close: () => Promise<unknown>): void {
    this.closers.unshift(close);
  }

  async close(): Promise<void> {
    this.driver.startBroker();
    for (const close of this.closers.splice(0)) await close();
  }
}

/** A module class made on the spot. */
export const moduleOf = (metadata: ModuleMetadata): new () => object => {
  @Module(metadata)
  class TestModule {}
  return TestModule;
};
