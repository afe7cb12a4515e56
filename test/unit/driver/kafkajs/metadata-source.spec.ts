import type { BrokerPool } from '../../../../lib/driver/kafkajs/captured-cluster.js';
import { MetadataSource } from '../../../../lib/driver/kafkajs/metadata-source.js';
import { RequestWriter } from '../../../../lib/driver/kafkajs/requests/request-writer.js';

/** A connection that answers Metadata with one broker, and nothing else. */
class FakeConnection {
  readonly clientId = 'me';
  readonly sasl = undefined;
  readonly socket = { write: () => undefined };
  readonly rejected: Error[] = [];
  isUp = true;
  /** Whether it took requests when those under way were rejected. */
  wasUpBehindRejection: boolean | undefined;
  readonly requestQueue = {
    inflight: new Map<number, unknown>(),
    push: ({ entry }: { entry: { resolve: (answer: { payload: Buffer }) => void } }) =>
      entry.resolve({ payload: onlyBroker(1) }),
    maybeThrottle: () => undefined,
  };

  constructor(readonly broker: string) {}

  isConnected = () => this.isUp;
  isAuthenticated = () => true;
  authenticate = () => Promise.resolve();
  nextCorrelationId = () => 1;
  rejectRequests = (error: Error) => {
    this.rejected.push(error);
    queueMicrotask(() => (this.wasUpBehindRejection = this.isUp));
  };
  disconnect = () => {
    this.isUp = false;
    return Promise.resolve();
  };
}

/** Metadata of version 8: a cluster with this broker alone, and no topics. */
const onlyBroker = (nodeId: number): Buffer => {
  const writer = new RequestWriter(256);
  writer.int32(0);
  writer.int32(1);
  writer.int32(nodeId);
  writer.string('kafka-1');
  writer.int32(9092);
  writer.int16(-1);
  writer.int16(-1);
  writer.int32(nodeId);
  writer.int32(0);
  writer.int32(-1);
  return writer.written();
};

const fakeBroker = (nodeId: number, connection: FakeConnection) => ({
  nodeId,
  versions: {},
  connectionPool: { host: `kafka-${nodeId}`, port: 9092, pool: [connection] },
  isConnected: () => connection.isUp,
});

describe('MetadataSource', () => {
  it('fails what waits for a broker that left the cluster, and lets nothing more go to it', async () => {
    const [alive, gone] = [new FakeConnection('kafka-1:9092'), new FakeConnection('kafka-2:9092')];
    const pool = {
      brokers: { 1: fakeBroker(1, alive), 2: fakeBroker(2, gone) },
      connectBroker: () => Promise.resolve(),
      hasConnectedBrokers: () => true,
    } as unknown as BrokerPool;
    const source = new MetadataSource(pool, new AbortController().signal);

    const { brokers } = await source.ask([]);

    expect(brokers.map(({ nodeId }) => nodeId)).toEqual([1]);
    expect(gone.rejected.map(String)).toEqual([expect.stringContaining('Broker 2 has left the cluster')]);
    expect(gone.wasUpBehindRejection).toBe(false);
    expect([alive.isUp, alive.rejected]).toEqual([true, []]);
  });
});
