import type { DescribedMember, GroupDescription } from '../driver.js';
import type { Broker, DescribedGroup } from './captured-cluster.js';
import type { ClusterLink } from './cluster-link.js';
import { decodeShare, decodeSubscription } from './group-protocol.js';
import { toRpcError } from './kafkajs-errors.js';

const STABLE = 'Stable';

/** Asks the coordinator of a group who is in it. @throws RpcError */
export const describeGroup = async (
  link: Pick<ClusterLink, 'cluster'>,
  groupId: string,
): Promise<GroupDescription> => {
  try {
    const coordinator: Broker = await link.cluster.findGroupCoordinator({ groupId });
    const { groups } = await coordinator.describeGroups({ groupIds: [groupId] });
    return descriptionOf(groups[0]);
  } catch (error) {
    throw toRpcError(error, `describe group ${groupId}`);
  }
};

const descriptionOf = (group: DescribedGroup | undefined): GroupDescription => {
  const isSettled = group?.state === STABLE;
  const members = group?.members ?? [];
  return {
    // What members said is known of a group that has agreed on how to share alone.
    isSettled,
    members: members.map((member) => memberOf(isSettled ? group : undefined, member)),
  };
};

const NOTHING = Buffer.alloc(0);

const memberOf = (
  group: DescribedGroup | undefined,
  { memberId, clientId, memberMetadata, memberAssignment }: DescribedGroup['members'][number],
): DescribedMember => {
  if (group === undefined) return { memberId, clientId, memberData: NOTHING, partitions: [] };
  const { memberData } = decodeSubscription(group.protocol, memberMetadata ?? NOTHING);
  return { memberId, clientId, memberData, partitions: partitionsIn(memberAssignment ?? NOTHING) };
};

/** A member of another kind may have an assignment that only its own kind reads. */
const partitionsIn = (assignment: Buffer): DescribedMember['partitions'] => {
  try {
    return decodeShare(assignment).partitions;
  } catch {
    return [];
  }
};
