import type { RefusedRecord } from '../../diagnostics/channels.js';
import type { ConsumerRecord } from '../../driver/record.js';

/** Why a call of a good record is not run. */
export type CallRefusal = 'replay' | 'stale';

/** How many calls of one record are refused, by reason: who repeats a record repeats all of it, and it is told of once. */
export class RefusedCalls {
  private readonly counts: Record<CallRefusal, number> = { replay: 0, stale: 0 };

  add(reason: CallRefusal): void {
    this.counts[reason] += 1;
  }

  /** What is told of them: one for each reason. */
  told({
    topic,
    partition,
    offset,
  }: Pick<ConsumerRecord, 'topic' | 'partition' | 'offset'>): readonly RefusedRecord[] {
    return REASONS.filter((reason) => this.counts[reason] > 0).map((reason) => {
      const message = `${callsOf(this.counts[reason])} not run: ${WORDS[reason]}`;
      return { topic, partition, offset, reason, message };
    });
  }
}

const REASONS = ['replay', 'stale'] as const satisfies readonly CallRefusal[];

const WORDS: Readonly<Record<CallRefusal, string>> = {
  replay:
    'appended to this partition before. A client that lost its broker may append twice; if none did, find out who else may write to this topic.',
  stale:
    'sent longer ago than their time to live and a minute, in a record of now. If no client was suspended meanwhile, find out who else may write to this topic.',
};

const callsOf = (count: number): string => (count === 1 ? '1 call' : `${count} calls`);
