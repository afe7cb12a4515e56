import type { ProtocolRequest } from '../../../../../lib/driver/kafkajs/requests/protocol-request.js';
import { ResponseReader } from '../../../../../lib/driver/kafkajs/requests/response-reader.js';
import {
  sendTo,
  type Connection,
  type RequestedBroker,
} from '../../../../../lib/driver/kafkajs/requests/send.js';

const FETCH = { apiKey: 1, apiVersion: 4, apiName: 'Fetch' };
const METADATA = { apiKey: 3, apiVersion: 5, apiName: 'Metadata' };
const PRODUCE = { apiKey: 0, apiVersion: 3, apiName: 'Produce' };

/** Sends one number, and is answered with one. */
const numberRequest = (api = PRODUCE): ProtocolRequest<number> => ({
  api,
  maxBytes: 4,
  write: (writer) => writer.int32(7),
  read: (reader) => ({ throttleMs: reader.int32(), value: reader.int32() }),
});

const answer = (throttleMs: number, value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(throttleMs, 0);
  bytes.writeInt32BE(value, 4);
  return bytes;
};

type Pushed = Parameters<Connection['requestQueue']['push']>[0];

/** A connection whose queue sends at once, and answers with the bytes given, or fails. */
class FakeConnection {
  readonly clientId = 'me';
  readonly broker = 'kafka-1:9092';
  readonly written: Buffer[] = [];
  readonly throttles: number[] = [];
  authentications = 0;
  isUp = true;
  sasl: object | undefined;
  readonly socket = { write: (bytes: Buffer) => this.written.push(bytes) };
  readonly requestQueue = {
    inflight: new Map<number, unknown>(),
    push: (request: Pushed) => {
      request.sendRequest();
      if (this.outcome instanceof Error) request.entry.reject(this.outcome);
      else request.entry.resolve({ payload: this.outcome });
    },
    maybeThrottle: (throttleMs: number) => void this.throttles.push(throttleMs),
  };

  constructor(private readonly outcome: Buffer | Error = answer(0, 9)) {}

  isConnected = () => this.isUp;
  isAuthenticated = () => this.authentications > 0;
  authenticate = () => Promise.resolve(void (this.authentications += 1));
  nextCorrelationId = () => 5;
  rejectRequests = () => undefined;
}

const brokerWith = (...pool: FakeConnection[]) => {
  const getConnection = jest.fn((index: number) => {
    const connection = pool[index]!;
    connection.isUp = true;
    return Promise.resolve(connection);
  });
  const disconnect = jest.fn(() => Promise.resolve());
  const broker = { connectionPool: { pool, getConnection }, disconnect };
  return { broker: broker as unknown as RequestedBroker, getConnection, disconnect };
};

describe('a request to a broker', () => {
  it('is written as one frame: size, header, body', async () => {
    const connection = new FakeConnection();
    await expect(sendTo(brokerWith(connection).broker, numberRequest())).resolves.toBe(9);
    const reader = new ResponseReader(connection.written[0]!);
    expect(reader.int32()).toBe(reader.remaining);
    expect([reader.int16(), reader.int16(), reader.int32(), reader.string()]).toEqual([0, 3, 5, 'me']);
    expect([reader.int32(), reader.remaining]).toEqual([7, 0]);
  });

  it('has a connection of its own for fetches', async () => {
    const [others, fetches] = [new FakeConnection(), new FakeConnection()];
    const { broker } = brokerWith(others, fetches);
    await sendTo(broker, numberRequest(FETCH));
    expect([others.written.length, fetches.written.length]).toEqual([0, 1]);
  });

  it('asks for metadata past a produce request that is not answered', async () => {
    const [others, fetches] = [new FakeConnection(), new FakeConnection()];
    const { broker } = brokerWith(others, fetches);
    await sendTo(broker, numberRequest(METADATA));
    others.requestQueue.inflight.set(1, 'produce');
    await sendTo(broker, numberRequest(METADATA));
    expect([others.written.length, fetches.written.length]).toEqual([1, 1]);
  });

  it('opens no connection to ask for metadata past another request', async () => {
    const [others, fetches] = [new FakeConnection(), new FakeConnection()];
    fetches.isUp = false;
    others.requestQueue.inflight.set(1, 'produce');
    await sendTo(brokerWith(others, fetches).broker, numberRequest(METADATA));
    expect([others.written.length, fetches.written.length]).toEqual([1, 0]);
  });

  it('connects first, if that is not so', async () => {
    const connection = new FakeConnection();
    connection.isUp = false;
    const { broker, getConnection } = brokerWith(connection);
    await sendTo(broker, numberRequest());
    await sendTo(broker, numberRequest());
    expect(getConnection.mock.calls).toEqual([[0]]);
  });

  it('authenticates first where that is asked for, and once', async () => {
    const connection = new FakeConnection();
    connection.sasl = { mechanism: 'plain' };
    const { broker } = brokerWith(connection);
    await sendTo(broker, numberRequest());
    await sendTo(broker, numberRequest());
    expect(connection.authentications).toBe(1);
    expect(connection.written).toHaveLength(2);
  });

  it('fails at once when the connection is closed while it authenticates', async () => {
    const connection = new FakeConnection();
    connection.sasl = { mechanism: 'plain' };
    connection.authenticate = () => Promise.resolve(void (connection.isUp = false));
    await expect(sendTo(brokerWith(connection).broker, numberRequest())).rejects.toMatchObject({
      name: 'KafkaJSConnectionError',
      broker: 'kafka-1:9092',
    });
    expect(connection.written).toEqual([]);
  });

  it('leaves the broker alone for as long as it wants', async () => {
    const connection = new FakeConnection(answer(250, 9));
    await sendTo(brokerWith(connection).broker, numberRequest());
    expect(connection.throttles).toEqual([250]);
  });

  it('fails for an answer that cannot be read', async () => {
    const connection = new FakeConnection(Buffer.alloc(3));
    await expect(sendTo(brokerWith(connection).broker, numberRequest())).rejects.toThrow(RangeError);
  });

  it('gives up a connection that was closed under it', async () => {
    const closed = Object.assign(new Error('closed'), { name: 'KafkaJSConnectionClosedError' });
    const { broker, disconnect } = brokerWith(new FakeConnection(closed));
    await expect(sendTo(broker, numberRequest())).rejects.toBe(closed);
    expect(disconnect).toHaveBeenCalledTimes(1);
  });
});
