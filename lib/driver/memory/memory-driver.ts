import { checkFunction, checkNames } from '../../errors/option-checks.js';
import { integer, namesOf, resolveOptions, type OptionTable } from '../../errors/option-table.js';
import type { KafkaDriver } from '../driver.js';
import { MemoryBroker, type MemoryBrokerOptions } from './memory-broker.js';
import { MemoryConnection } from './memory-connection.js';
import type { PlayedBatch, PlayedOutcome, ProducePlay } from './produce-play.js';

export type { PlayedBatch, PlayedOutcome, ProducePlay };

/** Of these, tests use `now` most, and long runs `retentionRecords`. */
export interface MemoryDriverOptions {
  /**
   * Records kept per partition; beyond it the oldest are dropped, read or not. This bounds the memory.
   * @default 100_000
   */
  readonly retentionRecords?: number;
  /**
   * Bytes that one batch may have, as `message.max.bytes` of a broker; a topic's own `max.message.bytes` may be less.
   * @default 1_048_576
   */
  readonly maxBatchBytes?: number;
  /**
   * The broker's clock, in milliseconds since the epoch: where append times come from.
   * @default Date.now
   */
  readonly now?: () => number;
}

/** A broker of its own in this process, and the faults of it that a real one also shows. */
export interface MemoryDriver extends KafkaDriver {
  /** The broker stops to answer: all fails with `UNAVAILABLE`, and nothing more is delivered. Idempotent. */
  stopBroker(): void;
  /** The broker is back with all it had: readers and members go on where they stood. Idempotent. */
  startBroker(): void;
  /**
   * Ends the session of a member as if it had been silent for too long: it loses its partitions with no chance to
   * commit, and joins again by itself.
   * @param memberIndex counts the members in the order in which they joined.
   * @throws RpcError `NOT_FOUND` when the group has no such member.
   */
  killMember(groupId: string, memberIndex: number): void;
  /**
   * Gives a topic more partitions, as an operator does: groups share them out, readers stay where they are.
   * @throws RpcError `INVALID_ARGUMENT` when it has as many already, `FAILED_PRECONDITION` when it does not exist.
   */
  addPartitions(topic: string, partitions: number): void;
  /**
   * Deletes a topic, and what groups committed of it. When it is made anew, who read it goes on at its start.
   * @throws RpcError `FAILED_PRECONDITION` when it does not exist.
   */
  deleteTopic(topic: string): void;
  /**
   * Has `play` decide what becomes of each batch from now on: refused, late, appended with the answer lost. Without an
   * argument all is as usual again.
   */
  playProduce(play?: ProducePlay): void;
}

/**
 * A Kafka in this process: for tests, and for a first try without a broker.
 *
 * One driver object is one broker; all servers and clients that share the object talk to each other through it, and
 * what they send is gone with it. Partitions, offsets, groups, rebalances and commits behave as the conformance suite
 * asks of every driver. A record costs two copies of its bytes; nothing is written, and no timer runs while idle.
 * @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants.
 */
export const memoryDriver = (options: MemoryDriverOptions = {}): MemoryDriver => {
  const broker = new MemoryBroker(resolveMemoryOptions(options));
  return Object.freeze({
    name: 'memory',
    connect: async (connectOptions) => new MemoryConnection(broker, connectOptions),
    stopBroker: () => broker.stop(),
    startBroker: () => broker.start(),
    killMember: (groupId, memberIndex) => broker.group(groupId).expire(memberIndex),
    addPartitions: (topic, partitions) => broker.addPartitions(topic, partitions),
    deleteTopic: (topic) => broker.deleteTopic(topic),
    playProduce: (play = () => undefined) => {
      broker.play = play;
    },
  } satisfies MemoryDriver);
};

/** The check of each option, with its default. */
const MEMORY_OPTIONS = {
  retentionRecords: integer(100_000, 1),
  maxBatchBytes: integer(1_048_576, 1),
  now: (given, name) => checkFunction<() => number>(name, given ?? Date.now, 'without arguments'),
} satisfies OptionTable<MemoryDriverOptions>;

const resolveMemoryOptions = (options: MemoryDriverOptions): MemoryBrokerOptions => {
  checkNames('memoryDriver', options, namesOf(MEMORY_OPTIONS));
  return resolveOptions(MEMORY_OPTIONS, options);
};
