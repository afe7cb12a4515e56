import type { RpcError } from '../../errors/rpc-error.js';
import type { ProducerRecord, TopicPartition } from '../record.js';

/** A batch before the broker has it. */
export interface PlayedBatch extends TopicPartition {
  readonly records: readonly ProducerRecord[];
}

/** What becomes of a batch, where that is not the usual; what is left out is as usual. */
export interface PlayedOutcome {
  /** How long the broker takes for it, in milliseconds; what comes behind it in its partition waits. */
  readonly takesMs?: number;
  /** Why the producer has to try again for as long; it then says that the batch is delayed. */
  readonly delayedBy?: RpcError;
  /** The batch is not appended, and fails with this. */
  readonly refusal?: RpcError;
  /** The batch is appended, and fails with this all the same. */
  readonly lostAnswer?: RpcError;
  /** How long the broker wants to be left alone, in milliseconds. */
  readonly throttleMs?: number;
}

/** Decides what becomes of each batch. */
export type ProducePlay = (batch: PlayedBatch) => PlayedOutcome | undefined;
