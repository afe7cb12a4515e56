import { Logger } from '@nestjs/common';
import { guardedLog } from '../../diagnostics/log.js';
import type { DriverConnection } from '../../driver/driver.js';
import type { ProducerRecord, TopicPartition } from '../../driver/record.js';
import { checkNames } from '../../errors/option-checks.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { newInstanceId } from '../../protocol/instance-id.js';
import { Codec } from '../../wire/codec.js';
import { endOfLog } from '../end-of-log.js';
import {
  resolveDeadLettersOptions,
  resolveFilter,
  type DeadLetterFilter,
  type KafkaRpcDeadLettersOptions,
  type ResolvedDeadLettersOptions,
  type ResolvedFilter,
} from './dead-letter-options.js';
import { pagesOf, type LossListeners } from './partition-pages.js';
import { readLetter, type DeadLetter, type ReadLetter } from './read-letter.js';
import { redriven, redrivenRecord } from './redriven-message.js';
import { settledOffsets, settledRecord, type Settlement } from './settled-letters.js';

/** Options of `redrive()` and `purge()`. */
export interface DeadLetterActionOptions {
  /** Only count, and change nothing. @default false */
  readonly dryRun?: boolean;
}

/** The result of `redrive()`; with `dryRun`, what it would do. */
export interface RedriveReport {
  /** Letters that the filter selects. */
  readonly matched: number;
  /** Events that were sent again. */
  readonly redriven: number;
  /** Letters that stay: refused records, letters that this process cannot read, events that the broker did not take. */
  readonly skipped: { readonly refused: number; readonly unreadable: number; readonly unwritten: number };
}

/** The result of `purge()`; with `dryRun`, what it would do. */
export interface PurgeReport {
  readonly matched: number;
  /** Letters that `list()` leaves out now. */
  readonly purged: number;
  /** Letters that stay, because the broker did not take the change. */
  readonly skipped: { readonly unwritten: number };
}

/**
 * Lists the dead letters of a service, sends their events again, and removes letters from the list.
 *
 *     const letters = new KafkaRpcDeadLetters({ service: 'orders', driver });
 *     for await (const letter of letters.list({ reason: 'failed' })) console.log(letter.event?.lastError);
 *     await letters.redrive({ pattern: 'order.paid' }, { dryRun: true });
 *
 * Connects at the first use. Reads without a consumer group, so it commits nothing and disturbs no server. `list()` leaves out
 * letters that were redriven or purged; Kafka keeps their bytes until the retention of the topic is over.
 * Cost: each use reads the whole dead-letter topic twice.
 */
export class KafkaRpcDeadLetters {
  private readonly options: ResolvedDeadLettersOptions;
  private readonly codec: Codec;
  private readonly id = newInstanceId();
  private readonly losses: LossListeners = new Set();
  private opening: Promise<DriverConnection> | undefined;
  private lastSeq = 0;
  private isClosed = false;

  /** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. Does no I/O. */
  constructor(options: KafkaRpcDeadLettersOptions) {
    this.options = resolveDeadLettersOptions(options);
    const { serializer, interceptors, stageTimeoutMs } = this.options;
    this.codec = new Codec(serializer, interceptors, stageTimeoutMs);
  }

  /**
   * Gives the letters of this moment, partition by partition, the oldest first.
   * @throws RpcError `FAILED_PRECONDITION` if there is no dead-letter topic, `UNAVAILABLE` if the broker does not answer.
   */
  async *list(filter: DeadLetterFilter = {}): AsyncGenerator<DeadLetter, void, undefined> {
    const resolved = resolveFilter(filter);
    for await (const page of this.select(resolved)) for (const { letter } of page) yield letter;
  }

  /**
   * Sends the events of letters to their service again. They run at once, from attempt 1, with the same call id and with
   * `context.getHistory()`. `list()` leaves a letter out when the broker has its event. If this process ends between the two, the next
   * `redrive()` sends the event again.
   * @param filter default: all events
   */
  async redrive(
    filter: DeadLetterFilter = {},
    options: DeadLetterActionOptions = {},
  ): Promise<RedriveReport> {
    checkNames('redrive()', options, ['dryRun']);
    const counts = { matched: 0, redriven: 0, refused: 0, unreadable: 0, unwritten: 0 };
    for await (const page of this.select(resolveFilter(filter))) {
      counts.matched += page.length;
      counts.refused += page.filter(({ letter }) => letter.reason !== 'failed').length;
      const readable = page.filter(({ message }) => message?.origin != null);
      const sent = options.dryRun ? readable : await this.sendAgain(readable);
      if (!options.dryRun) await this.settle(sent, 'redriven');
      counts.redriven += sent.length;
      counts.unwritten += readable.length - sent.length;
    }
    const { matched, refused, unwritten } = counts;
    const unreadable = matched - refused - unwritten - counts.redriven;
    return { matched, redriven: counts.redriven, skipped: { refused, unreadable, unwritten } };
  }

  /**
   * Removes letters from the list. Their bytes stay until the retention of the topic is over. To erase them sooner, lower the retention,
   * or delete records with Kafka's tools.
   * @param filter default: all letters
   */
  async purge(filter: DeadLetterFilter = {}, options: DeadLetterActionOptions = {}): Promise<PurgeReport> {
    checkNames('purge()', options, ['dryRun']);
    const counts = { matched: 0, purged: 0 };
    for await (const page of this.select(resolveFilter(filter))) {
      counts.matched += page.length;
      if (options.dryRun || (await this.settle(page, 'purged'))) counts.purged += page.length;
    }
    return { ...counts, skipped: { unwritten: counts.matched - counts.purged } };
  }

  /** Closes the connection. Methods that still run fail with `UNAVAILABLE`. Idempotent. */
  async close(): Promise<void> {
    this.isClosed = true;
    const connection = await this.opening?.catch(() => undefined);
    await connection?.close();
  }

  private get topic(): string {
    return this.options.topics.deadLetters(this.options.service);
  }

  /** Pages of letters of one partition each; none is empty. */
  private async *select(filter: ResolvedFilter): AsyncGenerator<readonly ReadLetter[]> {
    const connection = await this.connect();
    const partitions = await connection.partitionCount(this.topic, { isFresh: true });
    let left = filter.limit;
    for (let partition = 0; partition < partitions && left > 0; partition++) {
      for await (const letters of this.lettersOf(connection, { topic: this.topic, partition })) {
        const page = letters.filter(({ letter }) => isSelected(letter, filter)).slice(0, left);
        left -= page.length;
        if (page.length > 0) yield page;
        if (left <= 0) break;
      }
    }
  }

  /** All that are not settled. */
  private async *lettersOf(
    connection: DriverConnection,
    at: TopicPartition,
  ): AsyncGenerator<readonly ReadLetter[]> {
    const end = await endOfLog(connection, at);
    const settled = new Set<bigint>();
    for await (const records of pagesOf(connection, this.losses, at, end)) {
      for (const record of records) {
        for (const offset of await settledOffsets(this.codec, record)) settled.add(offset);
      }
    }
    for await (const records of pagesOf(connection, this.losses, at, end)) {
      const open = records.filter(({ offset }) => !settled.has(offset));
      const letters = await Promise.all(open.map((record) => readLetter(this.codec, record)));
      yield letters.filter((letter) => letter !== undefined);
    }
  }

  /** To the request topic of the service and nowhere else, whatever a letter says. @returns those that the broker has. */
  private async sendAgain(letters: readonly ReadLetter[]): Promise<readonly ReadLetter[]> {
    const connection = await this.connect();
    const topic = this.options.topics.requests(this.options.service);
    const partitions = await connection.partitionCount(topic);
    const encoded = await Promise.all(
      letters.map(async ({ letter, message }) => {
        if (message === undefined) return undefined;
        this.lastSeq += 1;
        const to = { topic, partition: letter.origin.partition % partitions };
        return redrivenRecord(this.codec, this.id, to, redriven(message, this.lastSeq));
      }),
    );
    // Only now, in their order, which a stage may not have kept: a server refuses what goes back in its sender's count.
    const sent = await Promise.all(
      letters.map((letter, index) => this.produced(connection, encoded[index], letter)),
    );
    return sent.filter((each) => each !== undefined);
  }

  private async produced(
    connection: DriverConnection,
    record: ProducerRecord | undefined,
    letter: ReadLetter,
  ): Promise<ReadLetter | undefined> {
    if (record === undefined) return undefined;
    try {
      await connection.produce([record], { acks: -1 });
      return letter;
    } catch {
      // Counted as such; it stays.
      return undefined;
    }
  }

  /** @param letters of one partition. @returns whether the broker has it */
  private async settle(letters: readonly ReadLetter[], as: Settlement): Promise<boolean> {
    const [first] = letters;
    if (first === undefined) return true;
    const connection = await this.connect();
    const to = { topic: this.topic, partition: first.letter.partition };
    const offsets = letters.map(({ letter }) => letter.offset);
    const record = await settledRecord(this.codec, this.id, to, { as, offsets });
    return connection.produce([record], { acks: -1 }).then(
      () => true,
      () => false,
    );
  }

  private connect(): Promise<DriverConnection> {
    if (this.isClosed) return Promise.reject(closed());
    this.opening ??= this.open().catch((error: unknown) => {
      this.opening = undefined;
      throw RpcError.from(error);
    });
    return this.opening;
  }

  private async open(): Promise<DriverConnection> {
    await this.codec.open();
    return this.options.driver.connect({
      clientId: this.options.clientId,
      log: guardedLog(new Logger('KafkaRpcDeadLetters')),
      onEvent: (event) => {
        for (const tell of this.losses) tell(event);
      },
    });
  }
}

const isSelected = ({ reason, writtenAtMs, event }: DeadLetter, filter: ResolvedFilter): boolean =>
  (filter.reason === undefined || filter.reason === reason) &&
  (filter.pattern === undefined || filter.pattern === event?.pattern) &&
  writtenAtMs >= filter.since &&
  writtenAtMs < filter.until;

const closed = (): RpcError =>
  new RpcError(RpcStatus.UNAVAILABLE, 'The dead letters were closed: make a new object.');
