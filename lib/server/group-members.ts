import type { Log } from '../diagnostics/log.js';
import { formatInstanceId } from '../protocol/instance-id.js';
import type { ServerEndpoint } from '../protocol/pong.js';
import { encodeServedHandlers, servedHandlers } from '../protocol/served-handlers.js';
import { capabilitiesOf } from './control/server-state.js';
import { GroupWatch } from './group-watch.js';
import type { DelayTopics } from './retries/delay-topics.js';
import type { ResolvedServerOptions } from './server-options.js';
import { topicsByGroup } from './topics-by-group.js';

/** A server as a member of one of its groups. */
export interface GroupMembership {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** What it tells the other members of what it serves. */
  readonly memberData: Buffer;
  /** Looks at what they tell. */
  readonly watch: GroupWatch;
}

/** The groups of a server: one for each `groupId` of its services. */
export const groupMembers = (
  id: Buffer,
  options: ResolvedServerOptions,
  delayTopics: DelayTopics,
  { endpoints, log }: { readonly endpoints: () => readonly ServerEndpoint[]; readonly log: Log },
): GroupMembership[] =>
  topicsByGroup(options, delayTopics).map(([groupId, topics]) => {
    const patterns = endpoints().map(({ pattern }) => pattern);
    const served = servedHandlers(formatInstanceId(id), patterns, topics, capabilitiesOf(options));
    return { groupId, topics, memberData: encodeServedHandlers(served), watch: new GroupWatch(groupId, log) };
  });
