import type { DriverConnection } from '../driver/driver.js';
import { waitAtMost } from '../wire/wait-at-most.js';

/** A broker that does not answer in so long is not waited for: the record is refused, as what is known says. */
const LOOK_UP_MS = 1_000;
/** Strangers may name any partition: the broker is asked no more often. */
const LOOK_UP_EVERY_MS = 1_000;

/** The only place replies may go to: so many partitions of one topic, and more when the broker says so. */
export class ReplyTopic {
  private lookingUp: Promise<void> | undefined;
  private lookedUpAtMs = -Infinity;

  constructor(
    readonly topic: string,
    private count: number,
    private readonly countNow: () => Promise<number>,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get partitions(): number {
    return this.count;
  }

  /** Whether there may be more partitions than is known: nobody has looked for a while. */
  get mayHaveGrown(): boolean {
    return this.lookingUp !== undefined || this.nowMs() - this.lookedUpAtMs >= LOOK_UP_EVERY_MS;
  }

  /** Asks the broker; all who ask meanwhile share the answer. Resolves in any case, within a second. */
  lookUp(): Promise<void> {
    this.lookingUp ??= waitAtMost(this.learn(), LOOK_UP_MS).finally(() => {
      this.lookingUp = undefined;
      this.lookedUpAtMs = this.nowMs();
    });
    return this.lookingUp;
  }

  private async learn(): Promise<void> {
    try {
      this.count = await this.countNow();
    } catch {
      // What is known stays true until the next look.
    }
  }
}

/** The reply topic as this connection knows it. */
export const replyTopicOf = (driver: DriverConnection, topic: string, partitions: number): ReplyTopic =>
  new ReplyTopic(topic, partitions, () => driver.partitionCount(topic, { isFresh: true }));
