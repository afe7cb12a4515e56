import kafkajs from 'kafkajs';
import type { Admin } from 'kafkajs';
import type { PeerBroker } from './peer.js';

/** Creates topics with the partitions that every peer has. */
export async function createTopics(broker: PeerBroker, names: readonly string[]): Promise<void> {
  await withAdmin(broker.brokers, async (admin) => {
    const topics = names.map((topic) => ({ topic, numPartitions: broker.partitions, replicationFactor: -1 }));
    await admin.createTopics({ topics, waitForLeaders: true });
  });
}

/**
 * Deletes the topics and groups of a run, which matters on a broker that somebody else runs. The random name of the run is
 * looked for anywhere in theirs: some frameworks put a word of their own before it.
 */
export async function removeRun({ brokers, prefix }: PeerBroker): Promise<void> {
  const run = prefix.replace(/\.$/, '');
  await withAdmin(brokers, async (admin) => {
    const topics = (await admin.listTopics()).filter((topic) => topic.includes(run));
    if (topics.length > 0) await admin.deleteTopics({ topics });
    const { groups } = await admin.listGroups();
    const groupIds = groups.map(({ groupId }) => groupId).filter((groupId) => groupId.includes(run));
    if (groupIds.length > 0) await admin.deleteGroups(groupIds);
  });
}

async function withAdmin(brokers: readonly string[], work: (admin: Admin) => Promise<void>): Promise<void> {
  const { Kafka, logLevel } = kafkajs;
  const kafka = new Kafka({ clientId: 'benchmark', brokers: [...brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}
