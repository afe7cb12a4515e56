// For those who call and those who answer.
export { KafkaRpcClient } from './client/kafka-rpc-client.js';
export { RpcStream } from './client/rpc-stream.js';
export type { AwaitedCallOptions } from './client/awaited-call-options.js';
export type { StreamCallOptions, StreamWindowOptions } from './client/stream-options.js';
export type { ConnectionOptions, KafkaRpcClientOptions, ServiceOptions } from './client/client-options.js';
export type { KafkaRpcClientEvents } from './client/client-events.js';
export type { KafkaRpcClientState, KafkaRpcClientStatus } from './client/client-state.js';
export type { KafkaRpcClientHealth } from './client/client-health.js';
export {
  KafkaRpcModule,
  type KafkaRpcClientRegistration,
  type KafkaRpcModuleAsyncOptions,
  type KafkaRpcModuleOptions,
} from './client/kafka-rpc-module.js';
export type {
  CallRetryOptions,
  PatternOptions,
  RetryBudgetOptions,
} from './client/retries/call-retry-options.js';
export {
  KafkaRpcRecord,
  KafkaRpcRecordBuilder,
  type CallOptions,
  type WhenNoServer,
} from './client/kafka-rpc-record.js';
export { AskingClient } from './client/asks/asking-client.js';
export type {
  AskedServer,
  AskedServerInfo,
  AskedServerStats,
  AskedService,
  AskOptions,
  ServerEndpoint,
  ServerLoad,
  ServicesOptions,
} from './client/asks/asked-server.js';
export type { CallTimings, RpcReply } from './client/rpc-reply.js';
export type { ReplyHeaders } from './protocol/reply-notes.js';
export { RpcErrorFilter, type RpcErrorFilterOptions } from './client/rpc-error-filter.js';
export { closeOnSignals, type Closable, type CloseOnSignalsOptions } from './server/close-on-signals.js';
export { KafkaRpcServer } from './server/kafka-rpc-server.js';
export type {
  DeadLetterOptions,
  DuplicateWindowOptions,
  IdempotencyOptions,
  KafkaRpcServerOptions,
} from './server/server-options.js';
export type { KafkaRpcServerEvents } from './server/server-events.js';
export type { KafkaRpcServerState, KafkaRpcServerStatus } from './server/server-state.js';
export type { KafkaRpcServerHealth, ServerHealthOptions } from './server/server-health.js';
export { indicateHealth, type HealthIndicatorSession } from './diagnostics/indicated-health.js';
export type { Health } from './diagnostics/health.js';
export { KafkaRpcContext, type CallPast, type KafkaRpcMetadata } from './server/kafka-rpc-context.js';
export type { Overflow } from './server/streams/stream-policies.js';
export type { CommitTime } from './server/commits/commit-policies.js';
export type { BatchOptions } from './server/batches/batch-options.js';
export type { Fairness } from './server/limits/call-lanes.js';
export type { HandlerLimitOptions, RateLimitOptions } from './server/limits/handler-limits.js';
export type { RetriedFailures, RetryOptions } from './server/retries/retry-options.js';
export type {
  DeadLetterError,
  DeadLetterHook,
  DeadLetterOrigin,
  DeadLetterReason,
  FailedEvent,
  GivenUpReason,
} from './server/dead-letters/failed-event.js';
export {
  KafkaRpcDeadLetters,
  type DeadLetterActionOptions,
  type PurgeReport,
  type RedriveReport,
} from './server/dead-letters/kafka-rpc-dead-letters.js';
export type {
  DeadLetterFilter,
  KafkaRpcDeadLettersOptions,
} from './server/dead-letters/dead-letter-options.js';
export type { DeadLetter } from './server/dead-letters/read-letter.js';
export { RpcError, type RpcErrorOptions } from './errors/rpc-error.js';
export { RpcStatus } from './errors/status.js';
export type { TopicOptions } from './protocol/topics.js';
export type { CounterName, CounterSnapshot } from './diagnostics/counters.js';
export type { CallEnded, CallStatus, ServerCallEnd } from './diagnostics/call-ended.js';
export type { RefusalNotice, RefusedRecord } from './diagnostics/channels.js';
export type { RefusalReason } from './diagnostics/refusal-reasons.js';
export { msgpack, type MsgpackOptions } from './wire/serializers/msgpack.js';
export type { MsgpackExtension } from './wire/serializers/custom-extension.js';
export { json } from './wire/serializers/json.js';
export { keyring, type Keyring, type KeyringOptions } from './wire/keyring/keyring.js';
export type { KeySource, PassphraseSource, SigningKeySource } from './wire/keyring/key-source.js';
export { compression, type CompressionOptions } from './wire/interceptors/compression.js';
export { encryption, type EncryptionOptions } from './wire/interceptors/encryption.js';
export { verification, type VerificationOptions } from './wire/interceptors/verification.js';

export {
  contract,
  type Contract,
  type ContractKind,
  type ContractMethod,
  type ContractSchemas,
} from './contract/contract.js';
export type {
  SchemaInput,
  SchemaOutput,
  StandardIssue,
  StandardResult,
  StandardSchema,
  StandardSchemaProps,
} from './contract/standard-schema.js';
export { asyncApi, type AsyncApiOptions, type AsyncApiService } from './contract/async-api.js';
export type { ServiceAnswer } from './client/service-answer.js';
export type { ContractCall, ContractClient, ServiceClient, ServiceMethod } from './client/service-types.js';
export type { ServiceClientOptions } from './client/typed-service.js';
export type { HandlersOf } from './server/handlers-of.js';

// For those who write a serializer, a wire stage or a driver.
export type { Serializer } from './wire/serializer.js';
export type { WireContext, WireInterceptor } from './wire/wire-interceptor.js';
export type { WireOptions } from './wire/wire-options.js';
export type {
  Acks,
  AssignedPartition,
  BatchPlace,
  ConnectOptions,
  DescribedMember,
  DriverConnection,
  DriverEvent,
  DriverLog,
  GroupDescription,
  GroupHandler,
  GroupMember,
  GroupOptions,
  KafkaDriver,
  OffsetCommit,
  PartitionReader,
  ProduceAck,
  ProduceOptions,
  ReadOptions,
  TopicSpec,
} from './driver/driver.js';
export type { ConsumerRecord, ProducerRecord, TopicPartition } from './driver/record.js';
