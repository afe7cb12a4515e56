import { setTimeout as wait } from 'node:timers/promises';
import type { Counters } from '../../diagnostics/counters.js';
import type { DriverConnection } from '../../driver/driver.js';
import type { ProducerRecord } from '../../driver/record.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { letterBytes } from './dead-letter.js';

export interface DeadLetterParts {
  readonly connection: Pick<DriverConnection, 'produce'>;
  /** Of one produce request; a letter that is larger goes alone. */
  readonly maxBatchBytes: number;
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

/**
 * Writes dead letters: one produce request at a time, of all that waits.
 *
 * Each letter is done when the broker has acknowledged it in all in-sync replicas, or when it is lost: after 5 tries, at
 * once if the broker will never take it or too much waits. So what cannot be kept holds up nobody, and is counted.
 */
export class DeadLetters {
  private waiting: Letter[] = [];
  private waitingBytes = 0;
  private running: Promise<void> | undefined;
  private readonly closing = new AbortController();

  constructor(private readonly parts: DeadLetterParts) {}

  /** @param done called once: not when `close()` came first */
  write(record: ProducerRecord, done: () => void): void {
    const letter = { record, bytes: letterBytes(record), done };
    if (this.waitingBytes + letter.bytes > this.parts.maxWaitingBytes) return this.lose([letter], tooMany());
    this.waiting.push(letter);
    this.waitingBytes += letter.bytes;
    this.running ??= this.run();
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.running;
  }

  /** Tries no more. What waits is not done: it is read again. */
  close(): void {
    this.closing.abort();
    this.waiting = [];
  }

  private async run(): Promise<void> {
    // What comes in this turn of the event loop goes into the first batch.
    await wait(0);
    while (this.waiting.length > 0) await this.ship(this.takeBatch());
    this.running = undefined;
  }

  private takeBatch(): Letter[] {
    let count = 0;
    let bytes = 0;
    for (const letter of this.waiting) {
      if (count > 0 && bytes + letter.bytes > this.parts.maxBatchBytes) break;
      count += 1;
      bytes += letter.bytes;
    }
    return this.waiting.splice(0, count);
  }

  private async ship(letters: readonly Letter[]): Promise<void> {
    const error = await this.produce(letters);
    if (this.closing.signal.aborted && error !== undefined) return;
    // One that the broker will never take must not cost the others.
    if (error !== undefined && !mayPass(error) && letters.length > 1) {
      for (const letter of letters) await this.ship([letter]);
      return;
    }
    for (const { bytes } of letters) this.waitingBytes -= bytes;
    if (error !== undefined) return this.lose(letters, error);
    this.parts.counters.add('deadLetters', letters.length);
    for (const { done } of letters) done();
  }

  /** @returns why the last try failed. */
  private async produce(letters: readonly Letter[]): Promise<RpcError | undefined> {
    let pauseMs = this.parts.firstPauseMs ?? FIRST_PAUSE_MS;
    for (let tries = 1; ; tries++, pauseMs *= 2) {
      try {
        await this.parts.connection.produce(
          letters.map(({ record }) => record),
          { acks: -1 },
        );
        return undefined;
      } catch (thrown) {
        const error = RpcError.from(thrown);
        if (!mayPass(error) || tries >= MAX_TRIES || this.closing.signal.aborted) return error;
      }
      await wait(pauseMs, undefined, { signal: this.closing.signal }).catch(() => undefined);
    }
  }

  private lose(letters: readonly Letter[], error: RpcError): void {
    this.parts.counters.add('deadLettersLost', letters.length);
    this.parts.onLost(error);
    for (const { done } of letters) done();
  }
}

/** Whether the same letters may be taken later. */
const mayPass = ({ status }: RpcError): boolean => status === RpcStatus.UNAVAILABLE;

const tooMany = (): RpcError =>
  new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    'Too many dead letters wait for the broker already (maxQueuedBytes).',
  );
