import kafkajs from 'kafkajs';
import type { TopicPartition } from '../record.js';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

/** All members of a group must speak of the same way to share. */
export const ASSIGNER_NAME = 'nestjs-kafka-rpc';
const VERSION = 0;

/** What a member says when it joins: what it wants to read, and what it has in its hands. */
export const encodeMember = (topics: readonly string[], owned: readonly TopicPartition[]): Buffer =>
  MemberMetadata.encode({
    version: VERSION,
    topics: [...topics],
    userData: MemberAssignment.encode({
      version: VERSION,
      assignment: byTopic(owned),
      userData: Buffer.alloc(0),
    }),
  });

/** What the coordinator tells a member. */
export const decodeAssignment = (bytes: Buffer): TopicPartition[] => {
  const assignment = MemberAssignment.decode(bytes)?.assignment ?? {};
  return Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  );
};

/** One member as its leader sees it. */
export interface MemberOfGroup {
  readonly memberId: string;
  readonly memberMetadata: Buffer;
}

/**
 * Shares out partitions evenly, and leaves with each member what it has, as far as that is even: calls in hand stay where
 * they are. Done by the group's leader.
 */
export const assignPartitions = (
  members: readonly MemberOfGroup[],
  partitionsOf: (topic: string) => number,
): { readonly memberId: string; readonly memberAssignment: Buffer }[] => {
  const joined = members
    .map(({ memberId, memberMetadata }) => ({ memberId, ...decodeMember(memberMetadata) }))
    .sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const shares = new Map(joined.map(({ memberId }) => [memberId, [] as TopicPartition[]]));
  for (const topic of new Set(joined.flatMap(({ topics }) => topics))) {
    shareTopic(
      topic,
      partitionsOf(topic),
      joined.filter(({ topics }) => topics.includes(topic)),
      shares,
    );
  }
  return [...shares].map(([memberId, partitions]) => ({
    memberId,
    memberAssignment: MemberAssignment.encode({
      version: VERSION,
      assignment: byTopic(partitions),
      userData: Buffer.alloc(0),
    }),
  }));
};

interface JoinedMember {
  readonly memberId: string;
  readonly topics: readonly string[];
  readonly owned: readonly TopicPartition[];
}

const decodeMember = (metadata: Buffer): Omit<JoinedMember, 'memberId'> => {
  const decoded = MemberMetadata.decode(metadata);
  const userData = decoded?.userData ?? Buffer.alloc(0);
  return { topics: decoded?.topics ?? [], owned: userData.length === 0 ? [] : decodeAssignment(userData) };
};

const shareTopic = (
  topic: string,
  partitions: number,
  members: readonly JoinedMember[],
  shares: ReadonlyMap<string, TopicPartition[]>,
): void => {
  const most = Math.ceil(partitions / members.length);
  // So many members may have one more than the others.
  let extras = partitions - Math.floor(partitions / members.length) * members.length || members.length;
  const counts = new Map(members.map(({ memberId }) => [memberId, 0]));
  const free = new Set(Array.from({ length: partitions }, (_, i) => i));
  const give = (memberId: string, partition: number): void => {
    free.delete(partition);
    const count = (counts.get(memberId) ?? 0) + 1;
    counts.set(memberId, count);
    if (count === most) extras -= 1;
    shares.get(memberId)?.push({ topic, partition });
  };
  const hasRoom = (memberId: string): boolean => {
    const count = counts.get(memberId) ?? 0;
    return count < most - 1 || (count < most && extras > 0);
  };
  for (const { memberId, owned } of members) {
    for (const { topic: ownedTopic, partition } of owned) {
      if (ownedTopic === topic && free.has(partition) && hasRoom(memberId)) give(memberId, partition);
    }
  }
  for (const partition of [...free]) {
    const fewest = members.reduce((a, b) =>
      (counts.get(b.memberId) ?? 0) < (counts.get(a.memberId) ?? 0) ? b : a,
    );
    give(fewest.memberId, partition);
  }
};

const byTopic = (partitions: readonly TopicPartition[]): Record<string, number[]> => {
  const topics: Record<string, number[]> = {};
  for (const { topic, partition } of partitions) (topics[topic] ??= []).push(partition);
  return topics;
};
