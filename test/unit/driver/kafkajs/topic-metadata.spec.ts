import type { TopicMetadata } from '../../../../lib/driver/kafkajs/requests/metadata.js';
import { TopicDirectory } from '../../../../lib/driver/kafkajs/topic-metadata.js';

const READ = 1 << 3;

const found = (changes: Partial<TopicMetadata> & { partitions?: number } = {}): TopicMetadata => ({
  topic: 'orders',
  id: 'a',
  error: undefined,
  operations: READ,
  partitionMetadata: Array.from({ length: changes.partitions ?? 2 }, (_, partitionId) => ({
    partitionId,
    leader: 1,
    leaderEpoch: 0,
  })),
  ...changes,
});

const unknown = Object.assign(new Error('unknown'), { type: 'UNKNOWN_TOPIC_OR_PARTITION' });

describe('what is known of topics', () => {
  it('tells of partitions that were added, and of a topic that was made anew, by its id', () => {
    const topics = new TopicDirectory();
    expect(topics.learn(found())).toEqual([]);
    expect(topics.learn(found({ partitions: 5 }))).toEqual([
      { type: 'partitions', topic: 'orders', from: 2, to: 5 },
    ]);
    expect(topics.learn(found({ id: 'b', partitions: 5 }))).toEqual([{ type: 'recreated', topic: 'orders' }]);
  });

  it('tells that a topic was made anew also when it was away between', () => {
    const topics = new TopicDirectory();
    topics.learn(found());
    topics.learn(found({ error: unknown, partitions: 0, id: undefined }));
    expect(topics.leaderOf({ topic: 'orders', partition: 0 })).toBeUndefined();
    expect(topics.learn(found({ id: 'b' }))).toEqual([{ type: 'recreated', topic: 'orders' }]);
  });

  it('tells of a leader that moved, whoever asked: who reads from the old one asks no more', () => {
    const topics = new TopicDirectory();
    const led = (leader: number): TopicMetadata =>
      found({ partitionMetadata: [{ partitionId: 0, leader, leaderEpoch: leader }] as never });
    topics.learn(led(1));
    expect(topics.learn(led(2))).toEqual([{ type: 'leaders', topic: 'orders' }]);
    expect(topics.learn(led(2))).toEqual([]);
    expect(topics.learn(led(-1))).toEqual([{ type: 'leaders', topic: 'orders' }]);
  });

  it('tells of no change of ids where brokers have none', () => {
    const topics = new TopicDirectory();
    topics.learn(found({ id: undefined }));
    expect(topics.learn(found({ id: 'b' }))).toEqual([]);
  });

  it('takes a right for missing only when the broker has said so', () => {
    const topics = new TopicDirectory();
    expect(topics.isPermitted('orders', 'Read')).toBe(true);
    topics.learn(found());
    expect([topics.isPermitted('orders', 'Read'), topics.isPermitted('orders', 'Write')]).toEqual([
      true,
      false,
    ]);
    topics.learn(found({ operations: -2_147_483_648 }));
    expect(topics.isPermitted('orders', 'Write')).toBe(true);
  });
});
