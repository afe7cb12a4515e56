import { errorType, isHopeless, isRetriable } from './kafkajs-errors.js';

/** What follows from the error with which a batch came back. */
export type ProduceVerdict =
  /** It may or may not be appended, or will be later. */
  | 'retry'
  /** What came before it is not in the log, as far as this leader knows. */
  | 'out-of-sequence'
  /** The broker has a newer producer of this id. */
  | 'fenced'
  /** This producer must not be idempotent. */
  | 'not-idempotent'
  | 'too-large'
  /** Nothing of it is appended, and never will be. */
  | 'refused';

const VERDICTS: Readonly<Record<string, ProduceVerdict>> = {
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'out-of-sequence',
  UNKNOWN_PRODUCER_ID: 'out-of-sequence',
  INVALID_PRODUCER_EPOCH: 'fenced',
  INVALID_PRODUCER_ID_MAPPING: 'fenced',
  CLUSTER_AUTHORIZATION_FAILED: 'not-idempotent',
  MESSAGE_TOO_LARGE: 'too-large',
  RECORD_LIST_TOO_LARGE: 'too-large',
};

/** The broker has the batch already: the answer to an earlier attempt was lost. */
export const isDuplicate = (error: unknown): boolean => errorType(error) === 'DUPLICATE_SEQUENCE_NUMBER';

export const judgeProduceError = (error: unknown): ProduceVerdict =>
  VERDICTS[errorType(error) ?? ''] ?? (isRetriable(error) || isUnclear(error) ? 'retry' : 'refused');

/** Whether this attempt may have appended the batch: what is refused before it is looked at cannot. */
export const mayHaveAppended = (error: unknown): boolean =>
  judgeProduceError(error) === 'retry' && !NOTHING_APPENDED.has(errorType(error) ?? '');

const NOTHING_APPENDED = new Set([
  'NOT_ENOUGH_REPLICAS',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'CORRUPT_MESSAGE',
]);

/** The broker failed within, or kafkajs does not know the code: nothing says that it is in vain. */
const isUnclear = (error: unknown): boolean => {
  if (isHopeless(error)) return false;
  const type = errorType(error);
  return type === undefined || type === 'UNKNOWN' || type === 'KAFKAJS_UNKNOWN_ERROR_CODE';
};
