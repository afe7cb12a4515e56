import type { KafkaDriver } from '../../lib/driver/driver.js';
import type { TopicPartition } from '../../lib/driver/record.js';

/** What the suite needs of whoever runs it: a broker, a driver for it, and how fast the two are. */
export interface DriverHarness {
  /** Starts the broker. Called once, first. */
  start(): Promise<void>;
  /** Stops all that `start()` started. Called once, last. */
  stop(): Promise<void>;
  /** A driver for the broker; asked for after `start()`. */
  driver(): KafkaDriver;
  /** What an error about a broker that cannot be reached names: a host and port. */
  address(): string;
  /** Takes the broker away as a crash would, with all it has stored kept. */
  stopBroker(): Promise<void>;
  /** Brings it back under the same address. */
  startBroker(): Promise<void>;
  /** Appends one record in which the header stands once per value; the port cannot. Skipped when left out. */
  produceRepeatedHeader?(at: TopicPartition, name: string, values: readonly Buffer[]): Promise<void>;
  /** Moves the start of the log, as retention would. Skipped when left out. */
  dropRecordsBefore?(at: TopicPartition, offset: bigint): Promise<void>;
  /** Gives a topic more partitions, as an operator does. Skipped when left out. */
  addPartitions?(topic: string, count: number): Promise<void>;
  /** Deletes a topic, as an operator does. Skipped when left out. */
  deleteTopic?(topic: string): Promise<void>;
  readonly timing: HarnessTiming;
}

export interface HarnessTiming {
  /** Whatever should happen happens within this time: jobs of a rebalance or of a broker restart included. */
  readonly deadlineMs: number;
  /** Silence of this length counts as "nothing more comes". */
  readonly quietMs: number;
  /** What "at once" means: for a delivery to a reader that is up and running. */
  readonly promptMs: number;
  /** The shortest session time-out that the broker allows. */
  readonly sessionTimeoutMs: number;
}
