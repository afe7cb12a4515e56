import { isOfMessages, REFUSAL_REASONS, type RefusalReason } from './refusal-reasons.js';

/** What is counted. Every count only grows; a snapshot is read with `counters.snapshot()`. */
export const COUNTER_NAMES = [
  /** Records that are not ours to read: no envelope, another version, other stages, forged addresses. */
  'recordsRefused',
  /** Messages in a good record that could not be read, and requests that say of no place for their answer. */
  'messagesMalformed',
  /** Replies for which nobody waits any more: their call timed out, was cancelled or had its answer. */
  'lateReplies',
  /** Answers by another server than the one whose answer a call had: it ran twice. */
  'duplicateAnswers',
  /** Calls handed to a handler. */
  'callsStarted',
  /** Calls and events whose time was over before a handler could start. */
  'callsExpired',
  /** Calls stopped because the caller cancelled. */
  'callsCancelled',
  /** Calls and events not run because they stood in the topic a second time: appended again by their producer, or by an attacker. */
  'callsReplayed',
  /** Calls and events not run because their record was young and they were old: appended again long after. */
  'callsStale',
  /** Handlers that ran on though nobody waited for them any more. */
  'handlersAbandoned',
  /** Events handed to a handler. */
  'eventsStarted',
  /** Events whose handler failed. */
  'eventsFailed',
  /** Records, and calls of authenticated ones, read again though they were in hand already, or over. */
  'recordsRedelivered',
  /** Commits whose metadata could not be read as what is finished above them, or was of another log: what they said is run again. */
  'finishedMapsIgnored',
  /** Commits that had no room for all that is finished above them: the rest is run again should the server end now. */
  'finishedMapsCut',
  /** Calls that ended at their deadline. */
  'deadlinesExceeded',
  /** Throws of an app's own code in the middle of our work: observers, teardowns, listeners, hooks. */
  'userCodeErrors',
  /** Answers with which a broker throttled what this client writes or reads, as a quota is used up. */
  'throttles',
  /** Refused records that were written to a dead-letter topic. */
  'deadLetters',
  /** Refused records that should have been, and could not. */
  'deadLettersLost',
  /** Clients that a server told that it refuses their records. */
  'refusalNoticesSent',
  /** Notices that a server could not send. */
  'refusalNoticesLost',
  /** What servers, or others in their name, told a client of records that they refuse. */
  'refusalNoticesHeard',
] as const;

export type CounterName = (typeof COUNTER_NAMES)[number];

export interface CounterSnapshot extends Readonly<Record<CounterName, number>> {
  /** Records by the reason for which they, or messages of them, were refused; only the former are in `recordsRefused`. */
  readonly refusals: Readonly<Record<RefusalReason, number>>;
}

/** The counts of one client connection or one server. */
export class Counters {
  private readonly counts = zeros(COUNTER_NAMES);
  private readonly refusals = zeros(REFUSAL_REASONS);

  add(name: CounterName, by = 1): void {
    this.counts[name] += by;
  }

  addRefusal(reason: RefusalReason): void {
    if (!isOfMessages(reason)) this.counts.recordsRefused += 1;
    this.refusals[reason] += 1;
  }

  snapshot(): CounterSnapshot {
    return { ...this.counts, refusals: { ...this.refusals } };
  }
}

const zeros = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
