import type { ClusterLink } from '../../../../lib/driver/kafkajs/cluster-link.js';
import { Fetcher } from '../../../../lib/driver/kafkajs/fetcher.js';
import { PartitionCursor } from '../../../../lib/driver/kafkajs/partition-cursor.js';
import type { TopicChange } from '../../../../lib/driver/kafkajs/topic-metadata.js';
import type { DriverEvent } from '../../../../lib/driver/driver.js';
import { missingTopic } from '../../../../lib/driver/missing-topic.js';
import { until } from '../../../support/until.js';

const at = { topic: 'orders', partition: 7 };

const protocolError = (type: string): Error => Object.assign(new Error(type), { type });

/** Metadata that learns of the partition at the refresh with this number, and fetches that fail or park. */
class PlayedLink {
  refreshes = 0;
  fetches = 0;
  readonly denials: unknown[] = [];
  failure: Error | undefined;
  private listener: (change: TopicChange) => void = () => undefined;

  constructor(private readonly knownAfter: number) {}

  leader = 1;
  readonly asked: number[] = [];

  leaderOf = (): number | undefined => (this.refreshes >= this.knownAfter ? this.leader : undefined);
  topic = (): object | undefined =>
    this.refreshes >= this.knownAfter ? {} : { error: protocolError('UNKNOWN_TOPIC_OR_PARTITION') };
  onTopicChange = (listener: (change: TopicChange) => void): void => void (this.listener = listener);
  refresh = async (): Promise<void> => void (this.refreshes += 1);
  recover = (): Promise<void> => this.refresh();
  denied = (denied: unknown): void => void this.denials.push(denied);
  send = (nodeId: number): Promise<unknown> => {
    this.fetches += 1;
    this.asked.push(nodeId);
    return this.failure === undefined ? new Promise(() => undefined) : Promise.reject(this.failure);
  };

  change(change: TopicChange): void {
    this.listener(change);
  }

  asLink(): ClusterLink {
    return this as unknown as ClusterLink;
  }
}

const reading = (link: PlayedLink, position = 0n) => {
  const closing = new AbortController();
  const events: [string, DriverEvent][] = [];
  const fetcher = new Fetcher(link.asLink(), {
    maxWaitMs: 10,
    maxFetchBytes: 1_000,
    closing: closing.signal,
    report: (source, event) => events.push([source, event]),
    whyGone: missingTopic,
  });
  const reader = { onRecords: () => undefined, isReading: () => true, isOwner: () => true };
  const cursor = new PartitionCursor(at, position, reader);
  fetcher.add(cursor);
  return { fetcher, cursor, events, close: () => closing.abort() };
};

describe('a reader of many partitions', () => {
  it('asks for metadata until it knows who leads a partition that it was given, and says what is missing', async () => {
    const link = new PlayedLink(6);
    const { events, close } = reading(link);
    await until(() => link.fetches > 0);
    close();
    expect(link.refreshes).toBe(6);
    expect(events.map(([source, { type }]) => [source, type])).toEqual([
      ['topic orders', 'crashed'],
      ['topic orders', 'crashed'],
      ['topic orders', 'connected'],
    ]);
  });

  it('reads from a leader that others have found, when the one before is asked for nothing more', async () => {
    const link = new PlayedLink(0);
    const { close } = reading(link);
    await until(() => link.asked.includes(1));
    link.leader = 2;
    link.change({ type: 'leaders', topic: 'orders' });
    await until(() => link.asked.includes(2));
    close();
  });

  it('says which right is missing', async () => {
    const link = new PlayedLink(0);
    link.failure = protocolError('TOPIC_AUTHORIZATION_FAILED');
    const { close } = reading(link);
    await until(() => link.denials.length > 0);
    close();
    expect(link.denials[0]).toMatchObject({ operation: 'Read', topic: 'orders' });
  });

  it('starts at the first record of a topic that was made anew, and says so once', () => {
    const link = new PlayedLink(0);
    const { cursor, events, close } = reading(link, 200n);
    link.change({ type: 'recreated', topic: 'others' });
    expect(cursor.next).toBe(200n);
    link.change({ type: 'recreated', topic: 'orders' });
    close();
    expect(cursor.next).toBe(0n);
    expect(events).toEqual([
      ['reading', { type: 'position-lost', ...at, from: 200n, to: 0n, reason: 'recreated' }],
    ]);
  });
});
