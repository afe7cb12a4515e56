import { isOfMessages, REFUSAL_REASONS, type RefusalReason } from './refusal-reasons.js';

/** The counters. Every counter only grows. `counters.snapshot()` reads them. */
export const COUNTER_NAMES = [
  /** Records that this side refuses: no envelope, another version, other stages, forged addresses. */
  'recordsRefused',
  /** Unreadable messages in a good record, and requests without a reply address. */
  'messagesMalformed',
  /** Replies to calls that had timed out, were cancelled or had their answer. */
  'lateReplies',
  /** Second answers to a call, by another server: the call ran twice. */
  'duplicateAnswers',
  /** Calls handed to a handler. */
  'callsStarted',
  /** Calls and events that expired before a handler started. */
  'callsExpired',
  /** Calls that the server stopped because the caller cancelled. */
  'callsCancelled',
  /** Calls that the server ended because it heard nothing of their client any more. */
  'callsOfSilentClients',
  /** Credits for streams that were not in hand any more, or with more than a stream may have. */
  'creditsIgnored',
  /** Calls and events that did not run because they stood in the log a second time, and their first delivery was over. */
  'callsRepeated',
  /** Calls with an idempotency key whose result was known: nothing ran for them. */
  'resultsReused',
  /** Results of idempotency keys that were forgotten before their time, for want of memory. */
  'resultsForgotten',
  /** Calls and events that did not run because a producer or an attacker appended them again. */
  'callsReplayed',
  /** Calls and events that did not run because they were much older than their record: appended again long after. */
  'callsStale',
  /** Calls that were refused because their handler's `rateLimit` was used up. */
  'callsRateLimited',
  /** Times that the broker did not permit the end of an answer to be written. The server holds it, and tries again until the deadline. */
  'repliesHeld',
  /** Handlers that ran on after nobody waited for them any more. */
  'handlersAbandoned',
  /** Events handed to a handler. */
  'eventsStarted',
  /** Events whose handler failed. */
  'eventsFailed',
  /** Records, and calls of authenticated records, that were read again while in hand or finished. */
  'recordsRedelivered',
  /** Commits whose map of finished calls was unreadable or belonged to another log. These calls run again. */
  'finishedMapsIgnored',
  /** Commits without room for the whole map of finished calls. The rest runs again if the server dies now. */
  'finishedMapsCut',
  /** Calls that ended at their deadline. */
  'deadlinesExceeded',
  /** Exceptions of the app's code in observers, teardowns, listeners and hooks. */
  'userCodeErrors',
  /** Responses in which a broker throttled writes or reads of this client, because a quota is used up. */
  'throttles',
  /** Attempts of this client to send a call again. */
  'callsRetried',
  /** Calls that were not sent again, as the client's `retryBudget` was used up. */
  'retriesThrottled',
  /** Runs of handlers that failed and are followed by another. */
  'retried',
  /** Events that were put off because their sender asked for it. */
  'delayed',
  /** Calls and events that are not run any more, as their servers died while they ran. */
  'callsGivenUp',
  /** Events that failed for good and were written to a dead-letter topic. */
  'deadLettered',
  /** Refused records that were written to a dead-letter topic. */
  'deadLetters',
  /** Refused records whose dead letter could not be written. */
  'deadLettersLost',
  /** Refusal notices that a server sent to clients. */
  'refusalNoticesSent',
  /** Refusal notices that a server could not send. */
  'refusalNoticesLost',
  /** Refusal notices that a client received, from servers or from others in their name. */
  'refusalNoticesHeard',
  /** Pings that a server answered. */
  'pingsAnswered',
  /** Pings that a server did not answer: above 50 in a second, older than 10 s, or without a reply address. */
  'pingsIgnored',
  /** Answers to pings that a client did not take: nobody waited, a second one of a server, or no text that it can read. */
  'pongsIgnored',
] as const;

export type CounterName = (typeof COUNTER_NAMES)[number];

export interface CounterSnapshot extends Readonly<Record<CounterName, number>> {
  /** Records by the reason of a refusal, of the record or of some messages. `recordsRefused` has only whole records. */
  readonly refusals: Readonly<Record<RefusalReason, number>>;
}

/** The counters of one client connection or one server. */
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
