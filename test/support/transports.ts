import type { ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { createServer } from 'node:net';
import { moduleOf, RpcCluster } from './rpc-cluster.js';

/** An app's handlers, served over one transport, and a client for them. */
export interface Served {
  readonly client: ClientProxy;
  close(): Promise<void>;
}

/** Serves the handlers of a module. Controllers that call others take `client` when it is made. */
export type Serve = (metadata: (client: () => ClientProxy) => ModuleMetadata) => Promise<Served>;

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

const serveStock = async (
  transport: MicroserviceOptions,
  metadata: (client: () => ClientProxy) => ModuleMetadata,
): Promise<Served> => {
  const client = ClientProxyFactory.create(transport as Parameters<typeof ClientProxyFactory.create>[0]);
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(moduleOf(metadata(() => client)), {
    ...transport,
    logger: false,
  });
  await app.listen();
  return {
    client,
    close: async () => {
      await client.close();
      await app.close();
    },
  };
};

const serveTcp: Serve = async (metadata) =>
  serveStock({ transport: Transport.TCP, options: { host: '127.0.0.1', port: await freePort() } }, metadata);

const serveKafkaRpc: Serve = async (metadata) => {
  const cluster = new RpcCluster();
  const client = cluster.client();
  await cluster.serve(metadata(() => client));
  return { client, close: () => cluster.close() };
};

/** With `PARITY_REDIS=host:port`, and `ioredis` installed. */
const [redisHost = '', redisPort = '6379'] = (process.env.PARITY_REDIS ?? '').split(':');

const serveRedis: Serve = (metadata) =>
  serveStock({ transport: Transport.REDIS, options: { host: redisHost, port: Number(redisPort) } }, metadata);

export const STOCK: readonly (readonly [name: string, serve: Serve])[] = [
  ['TCP', serveTcp],
  ...(redisHost === '' ? [] : [['Redis', serveRedis] as const]),
];

export const OURS: readonly [name: string, serve: Serve] = ['nestjs-kafka-rpc', serveKafkaRpc];
