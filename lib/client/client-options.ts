import { checkInteger, checkNames, checkString } from '../errors/option-checks.js';
import {
  resolveWireOptions,
  WIRE_OPTION_NAMES,
  type ResolvedWireOptions,
  type WireOptions,
} from '../wire/wire-options.js';
import { checkHeaders, checkTimeoutMs } from './kafka-rpc-record.js';

/** What all clients of one connection share. The ones that matter: `driver`, `interceptors`, `maxOpenCalls`. */
export interface ConnectionOptions extends WireOptions {
  /** How many calls may wait for an answer; more are refused with `RESOURCE_EXHAUSTED`. @default 10000 */
  readonly maxOpenCalls?: number;
}

/** What is said of one service. */
export interface ServiceOptions {
  /** The name that the servers have in `service`. */
  readonly service: string;
  /** How long a call waits for its answer, in milliseconds, unless the call says otherwise. @default 10000 */
  readonly timeoutMs?: number;
  /** Headers of every call and event; those of the call win. @default {} */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The options of a `KafkaRpcClient` with a connection of its own: `service` and `driver` are required. */
export interface KafkaRpcClientOptions extends ConnectionOptions, ServiceOptions {}

export interface ResolvedConnectionOptions extends ResolvedWireOptions {
  readonly maxOpenCalls: number;
}

export type ResolvedServiceOptions = Required<ServiceOptions>;

export const CONNECTION_OPTION_NAMES: readonly string[] = [...WIRE_OPTION_NAMES, 'maxOpenCalls'];
export const SERVICE_OPTION_NAMES: readonly string[] = ['service', 'timeoutMs', 'headers'];

/** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
export const resolveConnectionOptions = (options: ConnectionOptions): ResolvedConnectionOptions =>
  Object.freeze({
    ...resolveWireOptions(options),
    maxOpenCalls: checkInteger('maxOpenCalls', options.maxOpenCalls ?? 10_000, 1),
  });

/** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
export const resolveServiceOptions = (options: ServiceOptions): ResolvedServiceOptions =>
  Object.freeze({
    service: checkString('service', options.service),
    timeoutMs: checkTimeoutMs(options.timeoutMs ?? 10_000),
    headers: Object.freeze({ ...checkHeaders(options.headers ?? {}) }),
  });

/** @throws RpcError `INVALID_ARGUMENT` for a name that is no option of a client. */
export const checkClientOptionNames = (options: KafkaRpcClientOptions): void =>
  checkNames('KafkaRpcClient', options, [...SERVICE_OPTION_NAMES, ...CONNECTION_OPTION_NAMES]);
