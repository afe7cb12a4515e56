import { randomBytes } from 'node:crypto';
import { Logger, type INestMicroservice, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import {
  KafkaRpcClient,
  KafkaRpcServer,
  type KafkaDriver,
  type KafkaRpcClientOptions,
  type KafkaRpcServerOptions,
} from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import { startKafka, type Kafka, type KafkaOptions } from '../broker/kafka.js';
import { CallLoad, type LoadOptions } from './call-load.js';
import { FaultyNetwork } from './faulty-network.js';
import { Program, type ProgramOptions } from './program.js';
import { moduleOf, type RunningApp } from './rpc-cluster.js';
import { TopicAdmin } from './topic-admin.js';

/**
 * A real broker, and servers and clients around it, in this process or in their own:
 *
 *     beforeAll: cluster = await LiveCluster.start()  →  serve(), client(), startServer()  →  afterAll: cluster.close()
 *
 * The service's name is new each time, so that suites may share a broker.
 */
export class LiveCluster {
  readonly service = this.newService('sum');
  readonly driver: KafkaDriver;
  private readonly closers: (() => Promise<unknown>)[] = [];
  private servers = 0;

  private constructor(
    readonly kafka: Kafka,
    private readonly behind: FaultyNetwork | undefined,
  ) {
    Logger.overrideLogger(false);
    this.driver = kafkajsDriver({ brokers: kafka.brokers });
    this.onClose(async () => {
      await behind?.close();
      await kafka.stop();
    });
  }

  /** With the broker that the run shares, if there is one; `killable` and `proxied` ask for one of its own. */
  static async start(options: KafkaOptions = {}): Promise<LiveCluster> {
    const kafka = await startKafka(options);
    return new LiveCluster(kafka, options.proxied ? await FaultyNetwork.open(kafka.routes) : undefined);
  }

  /** Between all clients and servers and the brokers. @throws unless the cluster was started with `proxied`. */
  get network(): FaultyNetwork {
    if (this.behind === undefined) throw new Error('Start the cluster with { proxied: true }.');
    return this.behind;
  }

  newService(name: string): string {
    return `${name}-${randomBytes(4).toString('hex')}`;
  }

  /** Makes an app with these controllers that does not listen yet. */
  async app(metadata: ModuleMetadata, options: Partial<KafkaRpcServerOptions> = {}): Promise<RunningApp> {
    const server = new KafkaRpcServer({ service: this.service, driver: this.driver, ...options });
    const app: INestMicroservice = await NestFactory.createMicroservice<MicroserviceOptions>(
      moduleOf(metadata),
      {
        strategy: server,
        logger: false,
      },
    );
    this.onClose(() => app.close());
    return { app, server };
  }

  async serve(metadata: ModuleMetadata, options: Partial<KafkaRpcServerOptions> = {}): Promise<RunningApp> {
    const running = await this.app(metadata, options);
    await running.app.listen();
    return running;
  }

  /** A client that connects at its first call. */
  client(options: Partial<KafkaRpcClientOptions> = {}): KafkaRpcClient {
    const client = new KafkaRpcClient({ service: this.service, driver: this.driver, ...options });
    this.onClose(() => client.close());
    return client;
  }

  /** Calls at a steady rate, until it is told to stop, or this closes: a test that fails would leave it calling for ever. */
  load(client: KafkaRpcClient, perSecond: number, options: LoadOptions = {}): CallLoad {
    const load = new CallLoad(client, options).start(perSecond);
    this.onClose(async () => load.end());
    return load;
  }

  /** Who may create, change and delete topics; ends with the cluster. */
  async topicAdmin(): Promise<TopicAdmin> {
    const admin = await TopicAdmin.open(this.kafka.brokers);
    this.onClose(() => admin.close());
    return admin;
  }

  /** A server in a process of its own, with an `echo` handler and an event handler `told`; serves when this resolves. */
  startServer(settings: object = {}, options: ProgramOptions = {}): Promise<Program> {
    const name = `server-${++this.servers}`;
    return this.start('server', { service: this.service, name, ...settings }, options);
  }

  /** Clients in a process of their own; connected when this resolves. */
  startClients(
    services: readonly string[],
    settings: object = {},
    options: ProgramOptions = {},
  ): Promise<Program> {
    return this.start('client', { services, ...settings }, options);
  }

  /** A program of `test/programs`, told where the broker is. */
  async start(name: string, settings: object, options: ProgramOptions = {}): Promise<Program> {
    const program = await Program.start(name, { brokers: this.kafka.brokers, ...settings }, options);
    this.onClose(() => program.kill());
    return program;
  }

  /** Closed before what was made before it. */
  onClose(close: () => Promise<unknown>): void {
    this.closers.unshift(close);
  }

  async close(): Promise<void> {
    for (const close of this.closers.splice(0)) await close();
  }
}
