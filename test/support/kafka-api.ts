/** The keys of the requests that this package makes, by the names of Kafka's protocol guide. */
export const KAFKA_API = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  SaslHandshake: 17,
  ApiVersions: 18,
  CreateTopics: 19,
  InitProducerId: 22,
  DescribeConfigs: 32,
  SaslAuthenticate: 36,
} as const;

export type KafkaApi = keyof typeof KAFKA_API;

const NAMES = new Map<number, KafkaApi>(
  Object.entries(KAFKA_API).map(([name, key]) => [key, name as KafkaApi]),
);

/** The name of a key; `undefined` for one that is not listed. */
export const kafkaApiOf = (key: number): KafkaApi | undefined => NAMES.get(key);
