import kafkajs, { type Kafka } from 'kafkajs';
import { codeOfCause, RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { ConnectOptions } from '../driver.js';
import { ClusterLink, connectionClosed } from './cluster-link.js';
import { errorType, toRpcError } from './kafkajs-errors.js';
import { kafkajsLog, kafkajsLogLevel } from './kafkajs-log.js';
import type { ResolvedKafkajsOptions } from './kafkajs-options.js';
import { OwnSockets, promptSockets, seedAddress } from './sockets.js';

export interface OpenCluster {
  readonly kafka: Kafka;
  readonly link: ClusterLink;
  readonly sockets: OwnSockets;
  /** Told of logins once it is set: those of the first attempt are its failure. */
  readonly onLogin: { listener: (refusal?: unknown) => void };
}

/** The version of Metadata that Kafka 2.4 brought. */
const METADATA = { apiKey: 3, ofOldestBroker: 9 };

/**
 * Connects, and asks for metadata once: a broker that lets us connect and no more is found out here.
 * @throws RpcError saying what may be wrong with the settings; at once when the signal aborts.
 */
export const openCluster = async (
  options: ResolvedKafkajsOptions,
  connectOptions: ConnectOptions,
): Promise<OpenCluster> => {
  const { signal } = connectOptions;
  if (signal?.aborted) throw connectionClosed();
  const sockets = new OwnSockets(options.socketFactory ?? promptSockets);
  const kafka = kafkaOf(options, connectOptions, sockets);
  const onLogin: OpenCluster['onLogin'] = { listener: () => undefined };
  const link = ClusterLink.of(kafka, options.maxFetchBytes, (refusal) => onLogin.listener(refusal));
  const onAbort = (): void => {
    void link.close();
    sockets.destroy();
  };
  signal?.addEventListener('abort', onAbort);
  try {
    await link.connect();
    checkVersion(link);
    return { kafka, link, sockets, onLogin };
  } catch (error) {
    await link.close();
    sockets.destroy();
    if (signal?.aborted) throw connectionClosed();
    throw withHint(toRpcError(error, `reach Kafka at ${options.brokers.join(', ')}`), error, options);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
};

const kafkaOf = (
  options: ResolvedKafkajsOptions,
  { clientId, log }: ConnectOptions,
  sockets: OwnSockets,
): Kafka =>
  new kafkajs.Kafka({
    clientId,
    brokers: options.brokers.map(seedAddress),
    ssl: options.ssl,
    sasl: options.sasl,
    connectionTimeout: options.connectionTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    socketFactory: sockets.factory,
    logLevel: kafkajsLogLevel(options.logLevel),
    logCreator: kafkajsLog(log),
  });

const checkVersion = ({ cluster }: ClusterLink): void => {
  const versions = Object.values(cluster.brokerPool.brokers).find(
    (broker) => broker.versions !== null,
  )?.versions;
  const newest = versions?.[METADATA.apiKey]?.maxVersion;
  if (newest === undefined || newest >= METADATA.ofOldestBroker) return;
  throw new RpcError(RpcStatus.FAILED_PRECONDITION, 'The broker is too old: Kafka 2.4 or later is needed.');
};

/** A broker that is asked in a way that it does not understand closes the connection, and says no more. */
const withHint = (failure: RpcError, error: unknown, { ssl, sasl }: ResolvedKafkajsOptions): RpcError => {
  if (errorType(error) !== undefined || failure.status !== RpcStatus.UNAVAILABLE) return failure;
  const { name, message } = error as Error;
  const code = codeOfCause(error);
  const isClosed =
    name === 'KafkaJSConnectionClosedError' || code === 'ECONNRESET' || /closed|timed out/.test(message);
  if (!isClosed) return failure;
  const maybe = ssl
    ? 'the port may speak no TLS (option ssl)'
    : `the port may want TLS (option ssl)${sasl === undefined ? ', or a login (option sasl)' : ''}`;
  return new RpcError(failure.status, `${failure.message}. The broker ended the connection: ${maybe}.`, {
    cause: error,
  });
};
