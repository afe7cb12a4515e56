import kafkajs from 'kafkajs';
import type { GroupView } from '../driver.js';
import type { TopicPartition } from '../record.js';
import { maxTextBytes, RequestWriter } from './requests/request-writer.js';
import { ResponseReader } from './requests/response-reader.js';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

/**
 * The ways of sharing that a member offers, the best first. The coordinator takes one that all members offer: the second one as
 * long as a member of an earlier version is there, which knows no other.
 */
export const COOPERATIVE = 'nestjs-kafka-rpc.cooperative';
export const EAGER = 'nestjs-kafka-rpc';

/** Version 1 of Kafka's ConsumerProtocolSubscription has the partitions that are owned. */
const SUBSCRIPTION_VERSION = 1;
const EAGER_VERSION = 0;
const ASSIGNMENT_VERSION = 0;

/** What a member says when it joins. */
export interface MemberSubscription {
  readonly topics: readonly string[];
  readonly owned: readonly TopicPartition[];
  /** Whether it reads on what it owns while it joins: nobody else may have that before it was given up. */
  readonly isReading: boolean;
  /** The generation in which it got what it owns: of two that claim a partition, the later one has it. */
  readonly generationId: number;
  /** How many partitions its topics have, as it knows: the coordinator shares out again for a member that says something new. */
  readonly partitions: number;
  /** Opaque: for whoever uses the driver. */
  readonly memberData: Buffer;
}

/** What the leader tells a member. */
export interface MemberShare {
  readonly partitions: readonly TopicPartition[];
  readonly group: Pick<GroupView, 'members' | 'partitions'>;
  /** Partitions wait for their old owners: another rebalance is about to follow. */
  readonly isPartial: boolean;
}

/** The subscription under each of the two names. */
export const encodeSubscriptions = (
  member: MemberSubscription,
): readonly { readonly name: string; readonly metadata: Buffer }[] => [
  { name: COOPERATIVE, metadata: encodeCooperative(member) },
  { name: EAGER, metadata: encodeEager(member) },
];

/** Never throws: a member that cannot be understood gets nothing. */
export const decodeSubscription = (protocol: string, metadata: Buffer): MemberSubscription => {
  try {
    return protocol === COOPERATIVE ? decodeCooperative(metadata) : decodeEager(metadata);
  } catch {
    return { topics: [], owned: [], ...UNSAID };
  }
};

export const encodeShare = ({ partitions, group, isPartial }: MemberShare): Buffer => {
  const userData = Buffer.alloc(SHARE_DATA_BYTES);
  userData.writeInt8(OWN_VERSION, 0);
  userData.writeInt32BE(group.members ?? 0, 1);
  userData.writeInt32BE(group.partitions, 5);
  userData.writeInt8(isPartial ? 1 : 0, 9);
  return MemberAssignment.encode({ version: ASSIGNMENT_VERSION, assignment: byTopic(partitions), userData });
};

/** An empty answer is an empty share, as is one that says nothing of the group. */
export const decodeShare = (bytes: Buffer): MemberShare => {
  const { assignment = {}, userData } = MemberAssignment.decode(bytes) ?? {};
  const partitions = fromTopics(assignment);
  if (userData === undefined || userData.length < SHARE_DATA_BYTES)
    return { partitions, group: { members: undefined, partitions: 0 }, isPartial: false };
  const group = { members: userData.readInt32BE(1), partitions: userData.readInt32BE(5) };
  return { partitions, group, isPartial: userData.readInt8(9) === 1 };
};

/** Of our own user data, whose first byte it is. */
const OWN_VERSION = 1;
const SHARE_DATA_BYTES = 10;
const MEMBER_HEAD_BYTES = 10;
const UNSAID = { isReading: false, generationId: -1, partitions: 0, memberData: Buffer.alloc(0) } as const;

const encodeOwn = ({ isReading, generationId, partitions, memberData }: MemberSubscription): Buffer => {
  const head = Buffer.alloc(MEMBER_HEAD_BYTES);
  head.writeInt8(OWN_VERSION, 0);
  head.writeInt8(isReading ? 1 : 0, 1);
  head.writeInt32BE(generationId, 2);
  head.writeInt32BE(partitions, 6);
  return Buffer.concat([head, memberData]);
};

const decodeOwn = (bytes: Buffer): Omit<MemberSubscription, 'topics' | 'owned'> => {
  if (bytes.length < MEMBER_HEAD_BYTES || bytes.readInt8(0) !== OWN_VERSION) return UNSAID;
  return {
    isReading: bytes.readInt8(1) === 1,
    generationId: bytes.readInt32BE(2),
    partitions: bytes.readInt32BE(6),
    memberData: bytes.subarray(MEMBER_HEAD_BYTES),
  };
};

const encodeCooperative = (member: MemberSubscription): Buffer => {
  const userData = encodeOwn(member);
  const head = MemberMetadata.encode({
    version: SUBSCRIPTION_VERSION,
    topics: [...member.topics],
    userData,
  });
  return Buffer.concat([head, encodeOwned(member.owned)]);
};

const decodeCooperative = (metadata: Buffer): MemberSubscription => {
  const reader = new ResponseReader(metadata);
  const version = reader.int16();
  const topics = Array.from({ length: reader.int32() }, () => reader.string());
  const userData = bytesOf(metadata, reader);
  const owned = version >= SUBSCRIPTION_VERSION ? readOwned(reader) : [];
  return { topics, owned, ...decodeOwn(userData) };
};

/** Where the members of old look for what is owned: an assignment within the user data. */
const encodeEager = (member: MemberSubscription): Buffer =>
  MemberMetadata.encode({
    version: EAGER_VERSION,
    topics: [...member.topics],
    userData: MemberAssignment.encode({
      version: ASSIGNMENT_VERSION,
      assignment: byTopic(member.owned),
      userData: encodeOwn(member),
    }),
  });

const decodeEager = (metadata: Buffer): MemberSubscription => {
  const { topics, userData } = MemberMetadata.decode(metadata) ?? { topics: [], userData: Buffer.alloc(0) };
  const inner = userData.length === 0 ? null : MemberAssignment.decode(userData);
  return {
    topics,
    owned: fromTopics(inner?.assignment ?? {}),
    ...decodeOwn(inner?.userData ?? Buffer.alloc(0)),
  };
};

const encodeOwned = (owned: readonly TopicPartition[]): Buffer => {
  const topics = Object.entries(byTopic(owned));
  const bytes = topics.reduce((sum, [topic, own]) => sum + 6 + maxTextBytes(topic) + 4 * own.length, 4);
  const writer = new RequestWriter(bytes);
  writer.int32(topics.length);
  for (const [topic, partitions] of topics) {
    writer.string(topic);
    writer.int32(partitions.length);
    for (const partition of partitions) writer.int32(partition);
  }
  return writer.written();
};

const readOwned = (reader: ResponseReader): TopicPartition[] => {
  const owned: TopicPartition[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.string();
    for (let count = reader.int32(); count > 0; count--) owned.push({ topic, partition: reader.int32() });
  }
  return owned;
};

const bytesOf = (metadata: Buffer, reader: ResponseReader): Buffer => {
  const length = reader.int32();
  if (length <= 0) return Buffer.alloc(0);
  const start = metadata.length - reader.remaining;
  reader.skip(length);
  return metadata.subarray(start, start + length);
};

const fromTopics = (topics: Readonly<Record<string, readonly number[]>>): TopicPartition[] =>
  Object.entries(topics).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  );

const byTopic = (partitions: readonly TopicPartition[]): Record<string, number[]> => {
  const topics: Record<string, number[]> = {};
  for (const { topic, partition } of partitions) (topics[topic] ??= []).push(partition);
  return topics;
};
