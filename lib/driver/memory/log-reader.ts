import { AsyncResource } from 'node:async_hooks';
import { setImmediate } from 'node:timers';
import type { PositionLossReason } from '../driver.js';
import type { ConsumerRecord } from '../record.js';
import type { PartitionLog } from './partition-log.js';
import { copyRecord } from './stored-record.js';

/** One delivery hands over no more, so that a long log is read without holding up the event loop. */
const MAX_DELIVERY_RECORDS = 500;

export interface LogReaderOptions {
  readonly log: PartitionLog;
  readonly from: bigint;
  /** Asked right before each delivery: false while the broker is down or the reader has to stand still. */
  readonly mayRead: () => boolean;
  readonly onRecords: (records: readonly ConsumerRecord[]) => void;
  readonly onPositionLost: (from: bigint, to: bigint, reason: PositionLossReason) => void;
}

/**
 * A place in a log that moves on as records are delivered: PartitionLog → LogReader → onRecords.
 *
 * Delivers in a turn of the event loop of its own: never inside the append, and never in a chain of microtasks, in
 * which two readers that answer each other would keep timers and I/O waiting for ever. `setImmediate` is imported
 * because the global one stands still under a test's fake timers.
 */
export class LogReader {
  /** Where reading starts: `from`, or the start of the log when that is not in it. */
  readonly startOffset: bigint;
  private readonly options: LogReaderOptions;
  private log: PartitionLog;
  private unsubscribe: () => void;
  private position: bigint;
  /** Deliveries run in the async context of the reader, as from a socket; not in that of whoever appends. */
  private readonly context = new AsyncResource('MemoryLogReader');
  private isScheduled = false;
  private isClosed = false;

  constructor(options: LogReaderOptions) {
    this.options = options;
    this.log = options.log;
    this.position = options.from;
    this.stayInLog();
    this.startOffset = this.position;
    this.unsubscribe = this.log.onAppend(() => this.wake());
    this.wake();
  }

  /** Looks for records to deliver. To be called when `mayRead` turned true; appends do it by themselves. */
  wake(): void {
    if (this.isScheduled || !this.canDeliver()) return;
    this.isScheduled = true;
    setImmediate(() => this.context.runInAsyncScope(this.deliver, this));
  }

  /** The partition has another log: reads that from its start. */
  follow(log: PartitionLog): void {
    if (this.isClosed || log === this.log) return;
    this.unsubscribe();
    this.log = log;
    this.unsubscribe = log.onAppend(() => this.wake());
    this.moveTo(log.startOffset, 'recreated');
    this.wake();
  }

  close(): void {
    this.isClosed = true;
    this.unsubscribe();
  }

  private canDeliver(): boolean {
    return !this.isClosed && this.position < this.log.endOffset && this.options.mayRead();
  }

  private deliver(): void {
    this.isScheduled = false;
    if (!this.canDeliver()) return;
    this.stayInLog();
    const records = this.log.read(this.position, MAX_DELIVERY_RECORDS).map(copyRecord);
    this.position += BigInt(records.length);
    this.options.onRecords(records);
    this.wake();
  }

  private stayInLog(): void {
    const { log, position } = this;
    if (!log.has(position))
      this.moveTo(log.startOffset, position < log.startOffset ? 'retention' : 'truncated');
  }

  private moveTo(position: bigint, reason: PositionLossReason): void {
    const from = this.position;
    this.position = position;
    this.options.onPositionLost(from, position, reason);
  }
}
