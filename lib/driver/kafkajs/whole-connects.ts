/** What is used of a broker of kafkajs while it connects. */
export interface ConnectingBroker {
  readonly connectionPool: {
    readonly pool: readonly { rejectRequests(error: Error): void; disconnect(): Promise<unknown> }[];
  };
  connect: () => Promise<void>;
}

/**
 * Has a broker be connected whole or not at all. kafkajs asks what it speaks once it has a socket; when that answer is lost, it takes the
 * broker for connected all the same, and fails every request to it with "Broker not connected".
 */
export const connectWhole = <T extends ConnectingBroker>(broker: T): T => {
  const connect = broker.connect.bind(broker);
  broker.connect = async () => {
    try {
      await connect();
    } catch (error) {
      // The one that connects; fetches have another.
      const [connection] = broker.connectionPool.pool;
      connection?.rejectRequests(error as Error);
      await connection?.disconnect().catch(() => undefined);
      throw error;
    }
  };
  return broker;
};
