import { setTimeout as wait } from 'node:timers/promises';
import type { Counters } from '../../diagnostics/counters.js';
import type { DriverConnection } from '../../driver/driver.js';
import type { ProducerRecord } from '../../driver/record.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { letterBytes } from '../dead-letters/dead-letter.js';

export interface DeadLetterParts {
  readonly connection: Pick<DriverConnection, 'produce'>;
  /** Of all letters that wait: what comes on top is lost. */
  readonly maxWaitingBytes: number;
  readonly counters: Counters;
  /** A letter could not be written. */
  readonly onLost: (error: RpcError) => void;
  /** Milliseconds before the second try, twice as many before each later one. */
  readonly firstPauseMs?: number;
}

interface Letter {
  readonly record: ProducerRecord;
  readonly bytes: number;
  readonly done: () => void;
}

const MAX_TRIES = 5;
const FIRST_PAUSE_MS = 200;
/** Of one try. */
const TRY_TIMEOUT_MS = 10_000;

/**
 * Writes dead letters, each with an outcome of its own; the driver packs those that come together.
 *
 * Each letter is done when the broker has acknowledged it in all in-sync replicas, or when it is lost: after 5 tries, at
 * once if the broker will never take it or too much waits. So what cannot be kept holds up nobody, and is counted.
 */
export class DeadLetters {
  private waitingBytes = 0;
  private readonly underWay = new Set<Promise<void>>();
  private readonly closing = new AbortController();

  constructor(private readonly parts: DeadLetterParts) {}

  /** @param done called once: not when `close()` came first */
  write(record: ProducerRecord, done: () => void): void {
    const letter = { record, bytes: letterBytes(record), done };
    if (this.waitingBytes + letter.bytes > this.parts.maxWaitingBytes) return this.lose(letter, tooMany());
    this.waitingBytes += letter.bytes;
    const written = this.ship(letter).finally(() => this.underWay.delete(written));
    this.underWay.add(written);
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  /** Tries no more. What waits is not done: it is read again. */
  close(): void {
    this.closing.abort();
  }

  private async ship(letter: Letter): Promise<void> {
    const error = await this.produce(letter);
    this.waitingBytes -= letter.bytes;
    if (error === undefined) {
      this.parts.counters.add('deadLetters');
      letter.done();
    } else if (!this.closing.signal.aborted) {
      this.lose(letter, error);
    }
  }

  /** @returns why the last try failed. */
  private async produce({ record }: Letter): Promise<RpcError | undefined> {
    let pauseMs = this.parts.firstPauseMs ?? FIRST_PAUSE_MS;
    for (let tries = 1; ; tries++, pauseMs *= 2) {
      try {
        await this.parts.connection.produce([record], { acks: -1, timeoutMs: TRY_TIMEOUT_MS });
        return undefined;
      } catch (thrown) {
        const error = RpcError.from(thrown);
        if (!mayPass(error) || tries >= MAX_TRIES || this.closing.signal.aborted) return error;
      }
      await wait(pauseMs, undefined, { signal: this.closing.signal }).catch(() => undefined);
    }
  }

  private lose(letter: Letter, error: RpcError): void {
    this.parts.counters.add('deadLettersLost');
    letter.done();
    this.parts.onLost(error);
  }
}

/** Whether the same letter may be taken later. */
const mayPass = ({ status }: RpcError): boolean =>
  // A right that was taken away is usually given back.
  status === RpcStatus.UNAVAILABLE || status === RpcStatus.PERMISSION_DENIED;

const tooMany = (): RpcError =>
  new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    'Too many dead letters wait for the broker already (maxQueuedBytes).',
  );
