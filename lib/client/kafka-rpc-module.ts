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
import {
  checkArray,
  checkBoolean,
  checkFunction,
  checkNames,
  checkOptions,
  invalidOption,
  isByName,
} from '../errors/option-checks.js';
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

const REGISTER = 'KafkaRpcModule.register()';
const ASYNC_OPTION_NAMES = ['clients', 'isGlobal', 'imports', 'inject', 'useFactory'];

/** Registers clients that share one connection: one producer, one reply reader. They connect at their first call. */
@Module({})
export class KafkaRpcModule implements OnApplicationShutdown {
  constructor(@Inject(CLIENTS) private readonly clients: readonly KafkaRpcClient[]) {}

  /** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
  static register(registration: KafkaRpcModuleOptions): DynamicModule {
    checkOptions(REGISTER, registration, ['clients', 'isGlobal', ...CONNECTION_OPTION_NAMES]);
    const { clients, isGlobal, ...options } = registration;
    const connection = openableConnection(options);
    return dynamicModule({ provide: CONNECTION, useValue: connection }, clients, {
      global: checkBoolean('isGlobal', isGlobal ?? false),
    });
  }

  /** The factory returns what `register` takes, without `clients` and `isGlobal`. */
  static registerAsync(options: KafkaRpcModuleAsyncOptions): DynamicModule {
    checkNames('KafkaRpcModule.registerAsync()', options, ASYNC_OPTION_NAMES);
    const { clients, imports = [], inject = [], isGlobal = false } = options;
    const useFactory = checkFunction<
      (...injected: unknown[]) => ReturnType<KafkaRpcModuleAsyncOptions['useFactory']>
    >('useFactory', options.useFactory, 'of what is injected');
    checkArray('inject', inject);
    checkArray('imports', imports);
    checkBoolean('isGlobal', isGlobal);
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
  const names = new Set<unknown>();
  const providers = clients.map((client, index) => clientProvider(client, `clients[${index}]`, names));
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

/** @param place where it stands in the options @param names of the clients before it */
const clientProvider = (
  registration: KafkaRpcClientRegistration,
  place: string,
  names: Set<unknown>,
): FactoryProvider => {
  if (!isByName(registration)) throw invalidOption(place, registration, 'an object: { name, service }');
  const { name, ...service } = registration;
  checkName(`${place}.name`, name, names);
  checkNames('A client of KafkaRpcModule', service, SERVICE_OPTION_NAMES);
  resolveServiceOptions(service);
  return {
    provide: name,
    inject: [CONNECTION],
    useFactory: (connection: ClientConnection) => new KafkaRpcClient(service, connection),
  };
};

/** Nest would make one provider of two with one name, and the first client would never be injected. */
const checkName = (option: string, name: unknown, names: Set<unknown>): void => {
  const isToken =
    (typeof name === 'string' && name !== '') || typeof name === 'symbol' || typeof name === 'function';
  if (!isToken) throw invalidOption(option, name, 'a text, a symbol or a class');
  if (names.has(name)) {
    const got = typeof name === 'function' ? name.name : name;
    throw invalidOption(option, got, 'a name that no other client has');
  }
  names.add(name);
};
