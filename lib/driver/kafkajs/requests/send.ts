import kafkajs from 'kafkajs';
import type { ProtocolApi, ProtocolRequest } from './protocol-request.js';
import { maxTextBytes, RequestWriter } from './request-writer.js';
import { ResponseReader } from './response-reader.js';

/** kafkajs' broker, as far as a request needs it. */
export interface RequestedBroker {
  readonly connectionPool: ConnectionPool;
  disconnect(): Promise<void>;
}

/** kafkajs' connections to one broker: one for fetches, one for everything else. */
interface ConnectionPool {
  readonly pool: readonly Connection[];
  /** Connects it if it is not. */
  getConnection(index: number): Promise<Connection>;
}

/** What is used of kafkajs' connection: it has the socket, and knows which answer is whose. */
export interface Connection {
  readonly clientId: string;
  /** Host and port. */
  readonly broker: string;
  readonly sasl: object | null | undefined;
  readonly socket: { write(bytes: Buffer): unknown };
  readonly requestQueue: {
    /** What is not answered yet, by its correlation id. */
    readonly inflight: ReadonlyMap<number, unknown>;
    push(request: {
      readonly entry: ProtocolApi & {
        readonly correlationId: number;
        readonly resolve: (answer: { readonly payload: Buffer }) => void;
        readonly reject: (error: unknown) => void;
      };
      readonly expectResponse: boolean;
      readonly requestTimeout: number | null;
      readonly sendRequest: () => void;
    }): void;
    maybeThrottle(throttleMs: number): void;
  };
  isConnected(): boolean;
  isAuthenticated(): boolean;
  authenticate(): Promise<void>;
  nextCorrelationId(): number;
  rejectRequests(error: Error): void;
  /** Waits for the answers to requests under way. */
  disconnect(): Promise<unknown>;
}

const FETCH_API_KEY = 1;
const METADATA_API_KEY = 3;

/** Size, API key, API version, correlation id, the length of the client's name, and no tagged fields. */
const HEAD_BYTES = 15;
const SIZE_BYTES = 4;

/**
 * Sends a request over kafkajs' own connection to the broker.
 *
 * The bytes are made once and written as they are: kafkajs' `send()` copies them twice, and goes through a dozen promises for a
 * request. Time-outs, throttling and the limit on requests in flight are those of its queue.
 * @throws what kafkajs throws.
 */
export const sendTo = async <T>(broker: RequestedBroker, request: ProtocolRequest<T>): Promise<T> => {
  const { connectionPool } = broker;
  const index = connectionFor(request.api.apiKey, connectionPool.pool);
  try {
    const known = connectionPool.pool[index];
    const connection =
      known !== undefined && isReady(known) ? known : await readyConnection(connectionPool, index);
    return await sendOver(connection, request);
  } catch (error) {
    // As kafkajs does: a connection that was closed under a request is not used again.
    if ((error as Error).name === 'KafkaJSConnectionClosedError') await broker.disconnect();
    throw error;
  }
};

/**
 * A broker answers the requests of a connection one after the other, and a produce request only when all replicas have it: for
 * seconds while one is gone. Metadata tells who leads instead, and goes past it; a fetch is parked for half a second at most.
 */
const connectionFor = (apiKey: number, [others, fetches]: readonly Connection[]): 0 | 1 => {
  if (apiKey === FETCH_API_KEY) return 1;
  if (apiKey !== METADATA_API_KEY || others === undefined || fetches === undefined) return 0;
  return others.requestQueue.inflight.size > 0 && isReady(fetches) ? 1 : 0;
};

const isReady = (connection: Connection): boolean =>
  connection.isConnected() && (connection.sasl == null || connection.isAuthenticated());

const readyConnection = async (connectionPool: ConnectionPool, index: number): Promise<Connection> => {
  const connection = await connectionPool.getConnection(index);
  if (!isReady(connection)) await connection.authenticate();
  // What is queued on a connection that was closed meanwhile would wait for its time-out.
  if (!connection.isConnected()) throw notConnected(connection.broker);
  return connection;
};

const notConnected = (broker: string): Error =>
  new kafkajs.KafkaJSConnectionError('Not connected', { broker });

const sendOver = <T>(connection: Connection, request: ProtocolRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const { requestQueue } = connection;
    const { apiKey, apiVersion, apiName } = request.api;
    const correlationId = connection.nextCorrelationId();
    const frame = frameOf(request, correlationId, connection.clientId);
    const answered = ({ payload }: { readonly payload: Buffer }): void => {
      try {
        const reader = new ResponseReader(payload);
        if (request.api.isFlexible) reader.skipTaggedFields();
        const { value, throttleMs } = request.read(reader);
        requestQueue.maybeThrottle(throttleMs);
        resolve(value);
      } catch (error) {
        reject(error as Error);
      }
    };
    requestQueue.push({
      entry: { apiKey, apiVersion, apiName, correlationId, resolve: answered, reject },
      expectResponse: true,
      requestTimeout: null,
      sendRequest: () => connection.socket.write(frame),
    });
  });

/** The request as it stands on the wire: its size, a header of version 1, or 2 where that is flexible, its body. */
const frameOf = (
  { api, maxBytes, write }: ProtocolRequest<unknown>,
  correlationId: number,
  clientId: string,
): Buffer => {
  const writer = new RequestWriter(HEAD_BYTES + maxTextBytes(clientId) + maxBytes);
  writer.int32(0);
  writer.int16(api.apiKey);
  writer.int16(api.apiVersion);
  writer.int32(correlationId);
  writer.string(clientId);
  if (api.isFlexible) writer.noTaggedFields();
  write(writer);
  writer.patchInt32(writer.length - SIZE_BYTES, 0);
  return writer.written();
};
