import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { machineMs } from '../machine-clock.js';
import type { SeenCommit } from './evidence.js';

const { Kafka, logLevel } = kafkajs;

const LOOK_EVERY_MS = 200;
const ANSWER_WITHIN_MS = 2_000;

/** Looks at a group's commits again and again: asked with kafkajs itself, past the proxies. */
export class CommitObserver {
  readonly seen: SeenCommit[] = [];
  private isOver = false;
  private readonly watching: Promise<void>;

  private constructor(
    private readonly admin: Admin,
    private readonly groupId: string,
    private readonly topic: string,
  ) {
    this.watching = this.watch();
  }

  static async open(brokers: readonly string[], groupId: string, topic: string): Promise<CommitObserver> {
    const kafka = new Kafka({
      brokers: [...brokers],
      logLevel: logLevel.NOTHING,
      requestTimeout: ANSWER_WITHIN_MS,
      connectionTimeout: ANSWER_WITHIN_MS,
      retry: { retries: 3, initialRetryTime: LOOK_EVERY_MS },
    });
    const admin = kafka.admin();
    await admin.connect();
    return new CommitObserver(admin, groupId, topic);
  }

  /** Records that are in the topic and not committed; throws when the cluster does not say. */
  async lag(): Promise<number> {
    const committed = new Map((await this.committed()).map(({ partition, offset }) => [partition, offset]));
    const ends = await this.admin.fetchTopicOffsets(this.topic);
    return ends.reduce((sum, { partition, high }) => sum + Number(high) - (committed.get(partition) ?? 0), 0);
  }

  async close(): Promise<void> {
    this.isOver = true;
    await this.watching;
    await this.admin.disconnect();
  }

  private async watch(): Promise<void> {
    while (!this.isOver) {
      // What cannot be looked at now is looked at later: the cluster may be away.
      const now = await this.committed().catch(() => []);
      const seenAtMs = machineMs();
      for (const { partition, offset } of now) this.seen.push({ partition, offset, seenAtMs });
      await sleep(LOOK_EVERY_MS);
    }
  }

  private async committed(): Promise<{ partition: number; offset: number }[]> {
    const [found] = await this.admin.fetchOffsets({ groupId: this.groupId, topics: [this.topic] });
    return (found?.partitions ?? [])
      .map(({ partition, offset }) => ({ partition, offset: Number(offset) }))
      .filter(({ offset }) => offset >= 0);
  }
}
