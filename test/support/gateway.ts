import { NestFactory } from '@nestjs/core';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { moduleOf } from './rpc-cluster.js';

/** What a request was answered with. */
export interface Answer {
  readonly statusCode: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export const PLATFORMS = ['@nestjs/platform-express', '@nestjs/platform-fastify'] as const;

type Adapter = Parameters<typeof NestFactory.create>[1];

const ADAPTERS = {
  '@nestjs/platform-express': 'ExpressAdapter',
  '@nestjs/platform-fastify': 'FastifyAdapter',
};

/** An app that listens on a free port. */
export class Gateway {
  private constructor(
    readonly app: INestApplication,
    private readonly url: string,
  ) {}

  static async start(
    metadata: ModuleMetadata,
    platform: (typeof PLATFORMS)[number] = '@nestjs/platform-express',
    prepare: (app: INestApplication) => unknown = () => undefined,
  ): Promise<Gateway> {
    const adapters = (await import(platform)) as Record<string, new () => NonNullable<Adapter>>;
    const Adapter = adapters[ADAPTERS[platform]]!;
    const app = await NestFactory.create(moduleOf(metadata), new Adapter() as never, { logger: false });
    prepare(app);
    await app.listen(0, '127.0.0.1');
    return new Gateway(app, (await app.getUrl()).replace('[::1]', '127.0.0.1'));
  }

  async get(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, init);
    const text = await response.text();
    return {
      statusCode: response.status,
      headers: response.headers,
      body: text.startsWith('{') ? JSON.parse(text) : text,
    };
  }

  close(): Promise<void> {
    return this.app.close();
  }
}
