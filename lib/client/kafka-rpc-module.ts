import {
  Inject,
  Module,
  type DynamicModule,
  type FactoryProvider,
  type InjectionToken,
  type ModuleMetadata,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { checkNames, invalidOption } from '../errors/option-checks.js';
import { ClientConnection } from './client-connection.js';
import {
  CONNECTION_OPTION_NAMES,
  resolveConnectionOptions,
  resolveServiceOptions,
  SERVICE_OPTION_NAMES,
  type ConnectionOptions,
  type ServiceOptions,
} from './client-options.js';
import { KafkaRpcClient } from './kafka-rpc-client.js';

/** One client of a registration: injected with `@Inject(name)`. */
export interface KafkaRpcClientRegistration extends ServiceOptions {
  readonly name: InjectionToken;
}

export interface KafkaRpcModuleOptions extends ConnectionOptions {
  readonly clients: readonly KafkaRpcClientRegistration[];
  /** Whether other modules may inject the clients without importing this one. @default false */
  readonly isGlobal?: boolean;
}

export interface KafkaRpcModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly clients: readonly KafkaRpcClientRegistration[];
  readonly isGlobal?: boolean;
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (...injected: never[]) => ConnectionOptions | Promise<ConnectionOptions>;
}

/** The token of the connection that all clients of a registration share. */
const CONNECTION = Symbol('nestjs-kafka-rpc:connection');
const CLIENTS = Symbol('nestjs-kafka-rpc:clients');

/** Registers clients that share one connection: one producer, one reply reader. They connect at their first call. */
@Module({})
export class KafkaRpcModule implements OnApplicationShutdown {
  constructor(@Inject(CLIENTS) private readonly clients: readonly KafkaRpcClient[]) {}

  /** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
  static register({ clients, isGlobal, ...options }: KafkaRpcModuleOptions): DynamicModule {
    const connection = openableConnection(options);
    return dynamicModule({ provide: CONNECTION, useValue: connection }, clients, {
      global: isGlobal ?? false,
    });
  }

  /** The factory returns what `register` takes, without `clients` and `isGlobal`. */
  static registerAsync(options: KafkaRpcModuleAsyncOptions): DynamicModule {
    const { clients, imports = [], inject = [], isGlobal = false } = options;
    const useFactory = options.useFactory as (
      ...injected: unknown[]
    ) => ReturnType<typeof options.useFactory>;
    const connection: Provider = {
      provide: CONNECTION,
      inject,
      useFactory: async (...injected: unknown[]) => openableConnection(await useFactory(...injected)),
    };
    return dynamicModule(connection, clients, { global: isGlobal, imports });
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }
}

const openableConnection = (options: ConnectionOptions): ClientConnection => {
  checkNames('KafkaRpcModule', options, CONNECTION_OPTION_NAMES);
  return new ClientConnection(resolveConnectionOptions(options));
};

const dynamicModule = (
  connection: Provider,
  clients: readonly KafkaRpcClientRegistration[],
  metadata: Pick<DynamicModule, 'global' | 'imports'>,
): DynamicModule => {
  if (!Array.isArray(clients)) throw invalidOption('clients', clients, 'an array of { name, service }');
  const providers = clients.map(clientProvider);
  const tokens = providers.map(({ provide }) => provide);
  return {
    module: KafkaRpcModule,
    ...metadata,
    providers: [
      connection,
      ...providers,
      { provide: CLIENTS, inject: tokens, useFactory: (...all: unknown[]) => all },
    ],
    exports: tokens,
  };
};

const clientProvider = ({ name, ...service }: KafkaRpcClientRegistration): FactoryProvider => {
  checkNames('A client of KafkaRpcModule', service, SERVICE_OPTION_NAMES);
  resolveServiceOptions(service);
  return {
    provide: name,
    inject: [CONNECTION],
    useFactory: (connection: ClientConnection) => new KafkaRpcClient(service, connection),
  };
};
