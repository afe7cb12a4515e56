import type { DelayTopics } from './retries/delay-topics.js';
import type { ResolvedServerOptions } from './server-options.js';

/** What is read for the services, by the group that shares it: services with one group have one membership. */
export const topicsByGroup = (
  { services, groupId, topics }: ResolvedServerOptions,
  delays: DelayTopics,
): [string, string[]][] => {
  const groups = new Map<string, string[]>();
  for (const service of services) {
    const ofGroup = groups.get(groupId(service)) ?? [];
    groups.set(groupId(service), ofGroup);
    ofGroup.push(topics.requests(service));
    const delayTopic = delays.get(topics.requests(service))?.topic;
    if (delayTopic !== undefined) ofGroup.push(delayTopic);
  }
  return [...groups];
};
