import type { DriverConnection } from '../driver/driver.js';
import type { BrokerClock } from '../wire/broker-clock.js';
import { probeClock } from '../wire/clock-probe.js';
import type { Codec } from '../wire/codec.js';
import type { Destination } from '../wire/destination-queue.js';
import { waitAtMost } from '../wire/wait-at-most.js';

/** A broker is asked because of a late call at most this often. */
const ASK_AGAIN_MS = 100;

/** How long an answer is waited for before calls are judged without it. */
const ANSWER_MS = 1_000;

/** The first answers of a broker are slow: it is asked until its time is known to so many milliseconds, but not for ever. */
const GOOD_WIDTH_MS = 4;
const MAX_QUESTIONS = 5;

export interface BrokerTimesParts {
  readonly connection: Pick<DriverConnection, 'produce' | 'leaderOf'>;
  readonly codec: Codec;
  readonly clock: BrokerClock;
  /** Where a record without messages may be written: one per partition of the reply topic. */
  readonly destinations: readonly Destination[];
}

/**
 * Brokers are asked for their time, by a record without messages.
 *
 * A server may write to the reply topic only, so only brokers that lead one of its partitions can be asked.
 */
export class BrokerTimes {
  private readonly asking = new Map<number | undefined, Promise<void>>();
  private readonly askedAtMs = new Map<number | undefined, number>();

  constructor(private readonly parts: BrokerTimesParts) {}

  /**
   * Learns the time of all brokers that can be asked, from the first that answers on; the others are waited for a second.
   * @throws what the question failed with, when none answers.
   */
  async learn(): Promise<void> {
    const { connection, destinations } = this.parts;
    const byBroker = new Map(destinations.toReversed().map((to) => [connection.leaderOf(to), to]));
    const questions = [...byBroker].map(([broker, to]) => this.askUntilGood(broker, to));
    const answers = Promise.allSettled(questions);
    try {
      await Promise.any(questions);
    } catch (error) {
      throw (error as AggregateError).errors[0];
    }
    await waitAtMost(answers, ANSWER_MS);
  }

  /**
   * Asks a broker, if it can be asked and was not just now.
   * @returns when that is over, within a second; undefined when nothing was asked. Never rejects.
   */
  ask(broker: number | undefined): Promise<void> | undefined {
    const { clock, connection, destinations } = this.parts;
    const known = this.asking.get(broker);
    if (known !== undefined) return known;
    const isRecent = clock.local() - (this.askedAtMs.get(broker) ?? -Infinity) < ASK_AGAIN_MS;
    const to = isRecent ? undefined : destinations.find((each) => connection.leaderOf(each) === broker);
    if (to === undefined) return undefined;
    const over = waitAtMost(this.probe(to), ANSWER_MS)
      .catch(() => undefined)
      .then(() => {
        this.asking.delete(broker);
        this.askedAtMs.set(broker, clock.local());
      });
    this.asking.set(broker, over);
    return over;
  }

  private async askUntilGood(broker: number | undefined, to: Destination): Promise<void> {
    const { clock } = this.parts;
    for (let question = 1; question <= MAX_QUESTIONS; question++) {
      await this.probe(to);
      if ((clock.boundsOf(broker)?.widthMs ?? 0) <= GOOD_WIDTH_MS) return;
    }
  }

  private probe(to: Destination): Promise<void> {
    const { connection, codec, clock } = this.parts;
    return probeClock(connection, codec, clock, to);
  }
}
