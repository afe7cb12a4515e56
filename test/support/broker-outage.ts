import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';

const { Kafka, logLevel } = kafkajs;

const POLL_MS = 100;
const ANSWER_MS = 1_000;

/**
 * How long the cluster itself needs to do without brokers that are gone: until no partition is led by one, or waits for one to
 * follow. Until then nobody can append there, whatever client they use. Every broker is asked for itself, with kafkajs.
 */
export class BrokerOutage {
  private readonly closing = new AbortController();
  private readonly watching: Promise<void>;
  private readonly startedAt = performance.now();
  private overAt: number | undefined;

  private constructor(
    private readonly admins: readonly Admin[],
    private readonly away: readonly number[],
  ) {
    this.watching = this.watch();
  }

  /** @param away the ids of the brokers that go away now, from 1 on */
  static begin(brokers: readonly string[], away: readonly number[]): BrokerOutage {
    const admins = brokers.map((broker) =>
      new Kafka({
        brokers: [broker],
        logLevel: logLevel.NOTHING,
        retry: { retries: 0 },
        connectionTimeout: ANSWER_MS,
        requestTimeout: ANSWER_MS,
      }).admin(),
    );
    return new BrokerOutage(admins, away);
  }

  /** @returns how long it took, in milliseconds; until now, if it is not over. */
  async end(): Promise<number> {
    this.closing.abort();
    await this.watching;
    await Promise.all(this.admins.map((admin) => admin.disconnect().catch(() => undefined)));
    return (this.overAt ?? performance.now()) - this.startedAt;
  }

  private async watch(): Promise<void> {
    while (!this.closing.signal.aborted && this.overAt === undefined) {
      await sleep(POLL_MS);
      if (await this.isOver()) this.overAt = performance.now();
    }
  }

  private async isOver(): Promise<boolean> {
    const answers = await Promise.all(this.admins.map((admin) => this.needsNobody(admin)));
    const given = answers.filter((answer) => answer !== undefined);
    return given.length > 0 && given.every((answer) => answer);
  }

  /** @returns undefined when the broker does not answer. */
  private async needsNobody(admin: Admin): Promise<boolean | undefined> {
    const asked = (async () => {
      await admin.connect();
      const { topics } = await admin.fetchTopicMetadata();
      return topics
        .flatMap(({ partitions }) => partitions)
        .every(({ leader, isr }) => ![leader, ...isr].some((node) => node < 0 || this.away.includes(node)));
    })();
    return Promise.race([asked.catch(() => undefined), sleep(ANSWER_MS, undefined)]);
  }
}
