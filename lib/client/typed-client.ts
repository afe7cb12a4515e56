import { ClientProxy } from '@nestjs/microservices';
import type { Contract } from '../contract/contract.js';
import type { AwaitedCallOptions } from './awaited-call-options.js';
import type { KafkaRpcClientEvents } from './client-events.js';
import type { RpcReply } from './rpc-reply.js';
import type { ContractClient, ServiceClient } from './service-types.js';
import { typedService, type ServiceClientOptions } from './typed-service.js';

/** Typed clients of the service of a `KafkaRpcClient`. */
export abstract class TypedClient extends ClientProxy<KafkaRpcClientEvents> {
  /** @internal */
  protected abstract readonly serviceName: string;

  abstract call<T = unknown>(
    pattern: unknown,
    data: unknown,
    options?: AwaitedCallOptions,
  ): Promise<RpcReply<T>>;

  /**
   * A typed client of this service: `sum.add({ a, b })` for `@MessagePattern('sum.add')`, awaited or subscribed to.
   *
   *     client.service(contract)           its patterns and kinds, its schemas checked on this side too
   *     client.service(SumController)      the patterns and schemas of the class
   *     client.service<SumApi>()           an interface: the pattern is the service, a dot, the method; `{ prefix }` for another
   *
   * Costs nothing until a call is made.
   * @throws RpcError `INVALID_ARGUMENT` for a class without handlers
   */
  service<const Methods extends Contract>(contract: Methods): ContractClient<Methods>;
  service<Api extends object>(controller: abstract new (...args: never[]) => Api): ServiceClient<Api>;
  service<Api extends object>(options?: ServiceClientOptions): ServiceClient<Api>;
  service(of?: unknown): object {
    return typedService(this, this.serviceName, of);
  }
}
