import { forkedPeer } from '../forked-peer.js';

/** Its topics are created by the server itself, as in an application. */
export const ours = forkedPeer({
  name: 'ours',
  title: 'nestjs-kafka-rpc: KafkaRpcServer and KafkaRpcClient over kafkajs',
  module: import.meta.url,
});
