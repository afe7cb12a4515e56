import type { DriverConnection, GroupHandler, KafkaDriver } from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import type { Socket } from 'node:net';
import { ApiKey, watchedSockets } from '../fleet/watched-sockets.js';
import type { Moments } from './moments.js';

/**
 * The driver over kafkajs, which marks when a record comes to it and leaves, and when what was fetched arrives and is handed on.
 * @param onWritten told of each produce request, behind its mark
 */
export function markedDriver(
  brokers: readonly string[],
  moments: Moments,
  onWritten: () => void = () => undefined,
): KafkaDriver {
  const socketFactory = markedSockets(moments, onWritten);
  const driver = kafkajsDriver({ brokers: [...brokers], socketFactory });
  return {
    name: driver.name,
    connect: async (options) => markedConnection(await driver.connect(options), moments),
  };
}

function markedSockets(moments: Moments, onWritten: () => void) {
  const fetching = new WeakSet<Socket>();
  const producing = new WeakSet<Socket>();
  return watchedSockets({
    onRequest: (apiKey, socket) => {
      if (apiKey === ApiKey.fetch) fetching.add(socket);
      if (apiKey !== ApiKey.produce) return;
      producing.add(socket);
      moments.mark('written');
      onWritten();
    },
    onData: (socket) => {
      if (fetching.has(socket)) moments.mark('arrived');
      else if (producing.delete(socket)) moments.mark('acknowledged');
    },
  });
}

function markedConnection(connection: DriverConnection, moments: Moments): DriverConnection {
  return {
    ensureTopics: (topics, options) => connection.ensureTopics(topics, options),
    partitionCount: (topic) => connection.partitionCount(topic),
    leaderOf: (partition) => connection.leaderOf(partition),
    produce: (records, options) => {
      moments.mark('produced');
      return connection.produce(records, options);
    },
    readPartition: (options, onRecords) =>
      connection.readPartition(options, (records) => {
        moments.mark('handedOn');
        onRecords(records);
      }),
    joinGroup: (options, handler) => connection.joinGroup(options, markedHandler(handler, moments)),
    close: () => connection.close(),
  };
}

const markedHandler = (handler: GroupHandler, moments: Moments): GroupHandler => ({
  onAssigned: (partitions) => handler.onAssigned(partitions),
  onRevoking: (partitions, limitMs) => handler.onRevoking(partitions, limitMs),
  onRetained: (partitions) => handler.onRetained(partitions),
  onRevoked: (partitions) => handler.onRevoked(partitions),
  onLost: (partitions) => handler.onLost(partitions),
  onGroup: (group) => handler.onGroup?.(group),
  onRecords: (records) => {
    moments.mark('handedOn');
    handler.onRecords(records);
  },
});
