/** The values of `KafkaRpcServer.status`. */
export type KafkaRpcServerStatus = 'connected' | 'disconnected' | 'rebalancing' | 'crashed' | 'stopped';

/** `status`, and where a server is that does not serve yet or any more. */
export type KafkaRpcServerState = KafkaRpcServerStatus | 'starting' | 'closing';
