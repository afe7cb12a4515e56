import type { RpcError } from '../../errors/rpc-error.js';
import type { DeferredMessage, FailedRun, MessageOrigin } from '../../protocol/message.js';

/** What is known of a call from before this run of its handler. */
export interface CallHistory {
  /** How often it was run, and failed. */
  readonly runs: number;
  readonly redriven: number;
  /** Null for what was sent as it is here. */
  readonly origin: MessageOrigin | null;
  readonly firstError: FailedRun | null;
  readonly lastError: FailedRun | null;
  /** The serializer of its payload; empty for that of the envelope. */
  readonly contentType: string;
  /** When it was to run, at the earliest, on the broker's clock; 0 for at once. */
  readonly dueAtMs: number;
  /** How many servers died with it in their hands, at most. */
  readonly deaths: number;
}

const NO_HISTORY: CallHistory = Object.freeze({
  runs: 0,
  redriven: 0,
  origin: null,
  firstError: null,
  lastError: null,
  contentType: '',
  dueAtMs: 0,
  deaths: 0,
});

export const historyOf = (message: DeferredMessage): CallHistory => {
  const { runs, redriven, origin, firstError, lastError, contentType, dueAtMs } = message;
  return { runs, redriven, origin, firstError, lastError, contentType, dueAtMs, deaths: 0 };
};

/** So many servers died with it. */
export const afterDeaths = (history: CallHistory = NO_HISTORY, deaths: number): CallHistory => ({
  ...history,
  deaths,
});

/** It is given up for the deaths of its servers, each of which counts as a run that failed so. */
export const afterLastDeath = (history: CallHistory = NO_HISTORY, failed: FailedRun): CallHistory => ({
  ...history,
  runs: history.runs + history.deaths,
  firstError: history.firstError ?? failed,
  lastError: failed,
});

/** One more run has failed. */
export const afterFailure = (history: CallHistory = NO_HISTORY, failed: FailedRun): CallHistory => ({
  runs: history.runs + 1,
  redriven: history.redriven,
  origin: history.origin,
  firstError: history.firstError ?? failed,
  lastError: failed,
  contentType: history.contentType,
  dueAtMs: history.dueAtMs,
  deaths: history.deaths,
});

/** Of a text, in a record that is to stay within its bounds. */
const MAX_TEXT = 1_024;

/** What is kept of a failure: what a caller would be told of it. */
export const failedRun = (told: Pick<RpcError, 'status' | 'message'>, atMs: number): FailedRun => ({
  status: told.status,
  message: String(told.message).slice(0, MAX_TEXT),
  atMs,
});
