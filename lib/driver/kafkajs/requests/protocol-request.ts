/** A request of ours in the form in which kafkajs' connections take one. */
export interface ProtocolRequest<T> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<EncodedRequest>;
  };
  readonly response: {
    decode(payload: Buffer): Promise<DecodedResponse<T>>;
    parse(response: DecodedResponse<T>): Promise<T>;
  };
}

/** What kafkajs copies the bytes from: it asks for both names. */
interface EncodedRequest {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

export interface DecodedResponse<T> {
  readonly value: T;
  /** How long the broker wants to be left alone (KIP-219); kafkajs' connection sees to it. */
  readonly clientSideThrottleTime: number;
}

/** A request from its bytes and the reader of its answer. */
export const protocolRequest = <T>(
  { apiKey, apiVersion, apiName }: { apiKey: number; apiVersion: number; apiName: string },
  encode: () => Buffer,
  decode: (payload: Buffer) => DecodedResponse<T>,
): ProtocolRequest<T> => ({
  request: {
    apiKey,
    apiVersion,
    apiName,
    encode: () => {
      const bytes = encode();
      return Promise.resolve({ buf: bytes, buffer: bytes });
    },
  },
  response: {
    decode: (payload) => new Promise((resolve) => resolve(decode(payload))),
    parse: ({ value }) => Promise.resolve(value),
  },
});

/** kafkajs' broker, as far as a request needs it. */
export interface RequestedBroker {
  readonly connectionPool: { send<T>(request: ProtocolRequest<T>): Promise<T> };
  disconnect(): Promise<void>;
}

/** Sends a request over kafkajs' own connection to the broker. @throws what kafkajs throws. */
export const sendTo = async <T>(broker: RequestedBroker, request: ProtocolRequest<T>): Promise<T> => {
  try {
    return await broker.connectionPool.send(request);
  } catch (error) {
    // As kafkajs does: a connection that was closed under a request is not used again.
    if ((error as Error).name === 'KafkaJSConnectionClosedError') await broker.disconnect();
    throw error;
  }
};
