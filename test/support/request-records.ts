import type { ConsumerRecord } from 'nestjs-kafka-rpc';
import { OffsetTracker } from '../../lib/server/commits/offset-tracker.js';
import { PartitionShare } from '../../lib/server/partition-share.js';
import { RequestRecord } from '../../lib/server/request-record.js';
import { TrackedRecord } from '../../lib/server/commits/tracked-record.js';
import { consumed } from './raw-records.js';

/** A gate that lets everything in and counts nothing. */
/** Where nothing is to run later. */
export const NOTHING_DELAYED = { take: (): void => undefined, countsFor: (): boolean => false };

/** Where no results are kept. */
export const NOTHING_KEPT = { take: (): void => undefined };

export const OPEN_GATE = { opened: (): void => undefined, free: (): void => undefined };

export const NO_READING = {
  pause: () => undefined,
  resume: () => undefined,
  onProgress: () => undefined,
  onPledge: () => undefined,
};

/** A partition of which it is told which records are finished, in that order. */
export class FinishingShare extends PartitionShare {
  constructor(readonly finished: bigint[] = []) {
    super(new OffsetTracker(0n), NO_READING);
  }

  override finish(record: TrackedRecord): void {
    this.finished.push(record.offset);
  }
}

/** A record of requests as a server reads it. */
export const requestRecord = (
  record: Partial<ConsumerRecord> = {},
  share: PartitionShare = new FinishingShare(),
): RequestRecord => {
  const { offset = 0n, timestampMs = 0 } = record;
  return new RequestRecord(consumed(record), share, new TrackedRecord(share.tracker, offset, timestampMs));
};
