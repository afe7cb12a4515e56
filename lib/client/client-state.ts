/** The values of `KafkaRpcClient.status`. */
export type KafkaRpcClientStatus = 'connected' | 'disconnected' | 'crashed';

/** `status`, and where a client is that has not connected yet, or was closed. */
export type KafkaRpcClientState = KafkaRpcClientStatus | 'idle' | 'closed';
