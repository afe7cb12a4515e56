import { setTimeout as delay } from 'node:timers/promises';
import type { Counters } from '../../diagnostics/counters.js';
import type { DriverConnection, PartitionReader } from '../../driver/driver.js';
import type { ConsumerRecord, TopicPartition } from '../../driver/record.js';
import { RpcError } from '../../errors/rpc-error.js';
import type { RequestEnvelope } from '../../protocol/envelope.js';
import type { ResultMessage } from '../../protocol/message.js';
import type { Codec } from '../../wire/codec.js';
import { Receiver } from '../../wire/receiver.js';
import { ownRecord } from '../own-record.js';

export interface ResultLogParts {
  /** This server's. */
  readonly id: Buffer;
  readonly driver: Pick<DriverConnection, 'readPartition' | 'produce'>;
  readonly codec: Codec;
  readonly counters: Counters;
  /** Told of each result in the order of the log, this server's own too. */
  readonly onResult: (message: ResultMessage, envelope: RequestEnvelope) => void;
  /** Told of each attempt to open it that failed. Must not throw. */
  readonly onFailed: (error: RpcError) => void;
  readonly retryMs?: number;
}

const NO_MESSAGES = Buffer.alloc(0);
const RETRY_MS = 1_000;
/** A mark that does not come back in so long was lost with its topic. */
const LOAD_TIMEOUT_MS = 60_000;

/**
 * The results of one partition, read from the start of its log and on, for as long as the partition is this server's.
 *
 * It is known to have been read when the mark comes back that was appended at first: whatever an earlier owner wrote before that
 * stands in front of it. What an earlier owner writes later is read too, and whoever is first in the log is right.
 */
export class ResultLog {
  /** Undefined when what stood here was read. */
  private loadingNow: Promise<void> | undefined;
  private loaded: () => void = () => undefined;
  private markedAt: bigint | undefined;
  private readTo = -1n;
  private reader: PartitionReader | undefined;
  private readonly closing = new AbortController();
  private readonly receiver: Receiver<RequestEnvelope>;

  constructor(
    private readonly at: TopicPartition,
    private readonly parts: ResultLogParts,
  ) {
    this.loadingNow = new Promise((resolve) => (this.loaded = resolve));
    this.receiver = new Receiver<RequestEnvelope>(parts.codec, parts.counters, {
      accept: (envelope) => (envelope.direction === 'request' ? envelope : undefined),
      onMessages: (messages, envelope, record) => {
        for (const message of messages) if (message.kind === 'result') parts.onResult(message, envelope);
        this.passed(record);
      },
      onForeign: (record) => this.passed(record),
      onRefused: (record) => this.passed(record),
    });
    void this.open();
  }

  /** Resolves when all that stood in the log is known, or it is not this server's any more. Undefined when that is so. */
  get loading(): Promise<void> | undefined {
    return this.loadingNow;
  }

  close(): void {
    this.closing.abort();
    this.endLoading();
    void this.reader?.close();
    this.reader = undefined;
  }

  private async open(): Promise<void> {
    const { retryMs = RETRY_MS, onFailed } = this.parts;
    while (!this.closing.signal.aborted) {
      try {
        await this.read();
        if (!(await this.isLoadedInTime())) continue;
        return;
      } catch (error) {
        onFailed(RpcError.from(error));
        await delay(retryMs, undefined, { ref: false });
      }
    }
  }

  private async read(): Promise<void> {
    const { driver, codec, id } = this.parts;
    await this.reader?.close();
    this.markedAt = undefined;
    const reader = await driver.readPartition({ ...this.at, from: 'earliest' }, (records) => {
      for (const record of records) this.receiver.receive(record);
    });
    this.reader = reader;
    if (this.closing.signal.aborted) return void reader.close();
    const mark = await ownRecord(codec, id, this.at, { bytes: NO_MESSAGES });
    const { baseOffset } = await driver.produce([{ ...this.at, ...mark }], { acks: -1 });
    // Where the broker has forgotten it, what came until now is all there is to go by.
    this.markedAt = baseOffset < 0n ? this.readTo : baseOffset;
    this.checkLoaded();
  }

  private passed({ offset }: ConsumerRecord): void {
    this.readTo = offset;
    this.checkLoaded();
  }

  private checkLoaded(): void {
    if (this.markedAt !== undefined && this.readTo >= this.markedAt) this.endLoading();
  }

  private endLoading(): void {
    this.loadingNow = undefined;
    this.loaded();
  }

  private async isLoadedInTime(): Promise<boolean> {
    const { loading } = this;
    if (loading === undefined) return true;
    const late = new AbortController();
    const timeout = delay(LOAD_TIMEOUT_MS, undefined, { ref: false, signal: late.signal });
    await Promise.race([loading, timeout.catch(() => undefined)]);
    late.abort();
    return this.loading === undefined;
  }
}
