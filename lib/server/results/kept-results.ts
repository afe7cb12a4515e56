import type { Counters } from '../../diagnostics/counters.js';
import type { DriverConnection } from '../../driver/driver.js';
import type { RpcError } from '../../errors/rpc-error.js';
import type { BrokerClock } from '../../wire/broker-clock.js';
import { Outbox } from '../../wire/outbox.js';
import { RESULT_BYTES } from '../../wire/wire-options.js';
import type { ReplyTransport } from '../reply-transport.js';
import type { ResolvedServerOptions } from '../server-options.js';
import { IdempotentCalls, type IdempotentCallsParts } from './idempotent-calls.js';
import { ResultLog } from './result-log.js';
import { ResultTable } from './result-table.js';
import type { ResultTopics } from './result-topics.js';
import { ResultWriter } from './result-writer.js';

export interface KeptResultsParts {
  readonly id: Buffer;
  readonly driver: DriverConnection;
  readonly brokerClock: BrokerClock;
  readonly counters: Counters;
  readonly options: ResolvedServerOptions;
  readonly resultTopics: ResultTopics;
  readonly handlers: IdempotentCallsParts['handlers'];
  readonly dispatcher: IdempotentCallsParts['dispatcher'];
  readonly transport: ReplyTransport;
  /** A result could not be written, or not be read, yet. */
  readonly onResultsFailed: (error: RpcError) => void;
}

const NOTHING_KEPT = { ttlMs: 0, maxBytes: 0 };

/** Calls with an idempotency key and what they need, wired together. */
export class KeptResults {
  readonly calls: IdempotentCalls;
  private readonly writer: ResultWriter;

  constructor(parts: KeptResultsParts) {
    const { driver, counters, options, transport, onResultsFailed: onFailed } = parts;
    const { codec, clock } = transport;
    this.writer = new ResultWriter({ ...parts, codec, outbox: resultOutbox(parts), onFailed });
    this.calls = new IdempotentCalls({
      ...parts,
      topics: parts.resultTopics,
      table: new ResultTable(options.idempotency ?? NOTHING_KEPT, counters, () => clock.now()),
      writer: this.writer,
      openLog: (at, onResult) => new ResultLog(at, { ...parts, driver, codec, onResult, onFailed }),
    });
  }

  /** Resolves when no result is on its way to the broker or back. */
  async idle(): Promise<void> {
    await Promise.all([this.writer.idle(), this.calls.idle()]);
  }

  close(): void {
    this.writer.close();
    this.calls.close();
  }
}

/** Results are with all in-sync replicas before anybody hears of them, whatever answers are content with. */
const resultOutbox = ({ driver, transport, brokerClock, counters, options }: KeptResultsParts): Outbox =>
  new Outbox(driver, transport.codec, brokerClock, {
    ...options,
    acks: -1,
    maxRecordBytes: options.maxRecordBytes + RESULT_BYTES,
    onThrottled: () => counters.add('throttles'),
  });
