import type { TopicPartition } from '../record.js';
import { stickyShares } from '../sticky-assignment.js';
import { decodeSubscription, encodeShare, type MemberSubscription } from './group-protocol.js';

/** One member as its leader sees it. */
export interface JoinedMember {
  readonly memberId: string;
  readonly memberMetadata: Buffer;
}

/** What each member is told. */
export interface EncodedShare {
  readonly memberId: string;
  readonly memberAssignment: Buffer;
}

/** A member with its claims: those that an earlier generation left behind are not among them. */
interface Claimant extends MemberSubscription {
  readonly memberId: string;
}

/** Reads what the members said. In the order of their ids, so that every leader would share out alike. */
export const readMembers = (protocol: string, members: readonly JoinedMember[]): Claimant[] =>
  members
    .map(({ memberId, memberMetadata }) => ({ memberId, ...decodeSubscription(protocol, memberMetadata) }))
    .sort((a, b) => (a.memberId < b.memberId ? -1 : 1));

/**
 * Shares out the partitions of a group. Done by the group's leader.
 *
 * A partition that one member reads and another is to have goes to nobody in this generation: the first one sees that it is not
 * its own any more, gives it up and joins again, and the generation after that gives it away. So it never has two owners
 * (KIP-429).
 */
export const shareOut = (
  members: readonly Claimant[],
  partitionsOf: (topic: string) => number,
): EncodedShare[] => {
  const owners = ownersOf(members);
  const claimants = members.map((member) => ({
    ...member,
    owned: member.owned.filter((partition) => owners.get(nameOf(partition)) === member.memberId),
  }));
  const readers = readByAny(members);
  const shares = [...stickyShares(claimants, partitionsOf)].map(([member, wanted]) => ({
    member,
    wanted,
    partitions: wanted.filter((partition) => isFree(member, partition, owners, readers)),
  }));
  const isPartial = shares.some(({ wanted, partitions }) => partitions.length < wanted.length);
  return shares.map(({ member, partitions }) => ({
    memberId: member.memberId,
    memberAssignment: encodeShare({
      partitions,
      isPartial,
      group: { members: members.length, partitions: totalOf(member.topics, partitionsOf) },
    }),
  }));
};

/** Whose each partition is. Of two that claim one, the later generation has it; of two of one generation, nobody. */
const ownersOf = (members: readonly Claimant[]): ReadonlyMap<string, string | undefined> => {
  const claims = new Map<string, { memberId: string | undefined; generationId: number }>();
  for (const { memberId, generationId, owned } of members) {
    for (const name of new Set(owned.map(nameOf))) {
      const known = claims.get(name);
      if (known === undefined || generationId > known.generationId)
        claims.set(name, { memberId, generationId });
      else if (generationId === known.generationId) claims.set(name, { memberId: undefined, generationId });
    }
  }
  return new Map([...claims].map(([name, { memberId }]) => [name, memberId]));
};

/** The partitions that somebody still reads, rightly or not. */
const readByAny = (members: readonly Claimant[]): ReadonlySet<string> =>
  new Set(members.filter(({ isReading }) => isReading).flatMap(({ owned }) => owned.map(nameOf)));

const isFree = (
  { memberId }: Claimant,
  partition: TopicPartition,
  owners: ReadonlyMap<string, string | undefined>,
  readers: ReadonlySet<string>,
): boolean => {
  const name = nameOf(partition);
  return owners.get(name) === memberId || !readers.has(name);
};

const totalOf = (topics: readonly string[], partitionsOf: (topic: string) => number): number =>
  topics.reduce((sum, topic) => sum + partitionsOf(topic), 0);

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;
