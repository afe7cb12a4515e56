import { Controller, type ModuleMetadata } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  KafkaRpcContext,
  type KafkaRpcClient,
  type KafkaRpcClientOptions,
  type KafkaRpcServerOptions,
} from 'nestjs-kafka-rpc';

/** What a handler of a test does. */
export type Does = (data: unknown, context: KafkaRpcContext) => unknown;

/** Where services are started: a broker in this process, or a real one. */
export interface ServiceCluster {
  serve(metadata: ModuleMetadata, options: Partial<KafkaRpcServerOptions>): Promise<unknown>;
  client(options: Partial<KafkaRpcClientOptions>): KafkaRpcClient;
}

/** Three services in a row, `front`, `middle` and `back`, each with a client for the next. What they do is set by the test. */
export class ThreeServices {
  readonly front: KafkaRpcClient;
  readonly middle: KafkaRpcClient;
  readonly back: KafkaRpcClient;
  does: Record<'front' | 'middle' | 'back', Does> = {
    front: async (data) => (await this.middle.call('middle', data)).value,
    middle: async (data) => (await this.back.call('back', data)).value,
    back: () => 'done',
  };

  constructor(
    private readonly cluster: ServiceCluster,
    options: Partial<KafkaRpcClientOptions> = {},
    private readonly serviceOf = (name: string): string => name,
  ) {
    const clientOf = (name: string): KafkaRpcClient =>
      cluster.client({ ...options, service: serviceOf(name) });
    this.front = clientOf('front');
    this.middle = clientOf('middle');
    this.back = clientOf('back');
  }

  async serve(
    options: Partial<KafkaRpcServerOptions> = {},
    enhancers: Pick<ModuleMetadata, 'providers'> = {},
  ): Promise<void> {
    for (const name of ['front', 'middle', 'back'] as const)
      await this.cluster.serve(
        {
          ...enhancers,
          controllers: [controllerOf(name, (data, context) => this.does[name](data, context))],
        },
        { ...options, service: this.serviceOf(name) },
      );
    for (const client of [this.front, this.middle, this.back]) await client.connect();
  }
}

const controllerOf = (name: string, does: Does): new () => object => {
  @Controller()
  class TestController {
    @MessagePattern(name)
    call(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): unknown {
      return does(data, context);
    }

    @EventPattern<string>(`${name}.event`)
    event(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): unknown {
      return does(data, context);
    }
  }
  return TestController;
};
