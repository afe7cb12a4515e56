import type { GroupOptions } from '../driver.js';
import type { TopicPartition } from '../record.js';
import type { ClusterLink } from './cluster-link.js';
import { readMembers, shareOut, type EncodedShare } from './group-assignment.js';
import { COOPERATIVE, decodeShare, encodeSubscriptions, type MemberShare } from './group-protocol.js';
import type { GroupSession, JoinedGroup, MemberIdentity } from './group-session.js';

/** The leader's metadata may be older than ours: it is asked to look again no more often for one number of partitions. */
const ASK_AGAIN_MS = 60_000;

/** One generation of the group, as this member knows it. */
export interface Generation {
  /** Commits of what is owned in this generation are signed with it. */
  readonly identity: MemberIdentity;
  readonly isCooperative: boolean;
  readonly share: MemberShare;
  /** Known to the leader alone. */
  readonly memberData: readonly Buffer[] | undefined;
}

export const NO_GENERATION: Generation = Object.freeze({
  identity: { memberId: '', generationId: -1 },
  isCooperative: true,
  share: { partitions: [], group: { members: undefined, partitions: 0 }, isPartial: false },
  memberData: undefined,
});

/** What a member brings along from the generation before. */
export interface Belongings {
  readonly owned: readonly TopicPartition[];
  /** Whether it reads on meanwhile. */
  readonly isReading: boolean;
  readonly generationId: number;
}

export interface JoinerLinks {
  /** The cluster that is read from. */
  readonly link: ClusterLink;
  readonly groupLink: ClusterLink;
}

/** Takes a member into the next generation of its group, and shares out the partitions when it is the leader. */
export class GroupJoiner {
  private asked = { partitions: 0, at: -Infinity };

  constructor(
    private readonly options: GroupOptions,
    private readonly session: GroupSession,
    private readonly links: JoinerLinks,
  ) {}

  /** Resolves when all members have joined and the leader has shared out. @throws what kafkajs throws. */
  async join(belongings: Belongings): Promise<Generation> {
    const { topics, memberData = Buffer.alloc(0) } = this.options;
    const partitions = this.knownPartitions();
    const joined = await this.session.join(
      encodeSubscriptions({ ...belongings, topics, partitions, memberData }),
    );
    const { memberId, generationId, protocol, isLeader } = joined;
    const led = isLeader ? await this.lead(joined) : undefined;
    const share = decodeShare(await this.session.sync(joined, led?.shares ?? []));
    const identity = { memberId, generationId };
    return { identity, isCooperative: protocol === COOPERATIVE, share, memberData: led?.memberData };
  }

  /** How many partitions the topics of this member have. */
  knownPartitions(): number {
    return this.options.topics.reduce((sum, topic) => sum + this.links.link.partitionsOf(topic), 0);
  }

  /** Whether the leader should share out again: its topics have other partitions than it knew. */
  isOutdated({ share: { group } }: Generation): boolean {
    const partitions = this.knownPartitions();
    if (group.members === undefined || group.partitions === partitions) return false;
    const now = performance.now();
    if (this.asked.partitions === partitions && now - this.asked.at < ASK_AGAIN_MS) return false;
    this.asked = { partitions, at: now };
    return true;
  }

  /** A topic of other members that cannot be looked up has no partitions. */
  private async lead({ protocol, members }: JoinedGroup): Promise<Led> {
    const { groupLink } = this.links;
    const claimants = readMembers(protocol, members);
    await groupLink.lookUp([...new Set(claimants.flatMap(({ topics }) => topics))]).catch(() => undefined);
    return {
      shares: shareOut(claimants, (topic) => groupLink.partitionsOf(topic)),
      memberData: claimants.map(({ memberData }) => memberData),
    };
  }
}

interface Led {
  readonly shares: readonly EncodedShare[];
  readonly memberData: readonly Buffer[];
}
