import type { Counters } from '../../diagnostics/counters.js';
import type { UserCode } from '../../diagnostics/user-code.js';
import type { DriverConnection } from '../../driver/driver.js';
import type { RpcError } from '../../errors/rpc-error.js';
import type { DeferredMessage } from '../../protocol/message.js';
import type { Codec } from '../../wire/codec.js';
import { waitAtMost } from '../../wire/wait-at-most.js';
import type { DeadLetterTopic } from '../dead-letters/dead-letter-topics.js';
import { failedEventOf, type DeadLetterHook, type GivenUpReason } from '../dead-letters/failed-event.js';
import { failedLetter } from '../dead-letters/failed-letter.js';
import type { IncomingCall } from '../incoming-call.js';
import type { RequestClock } from '../request-clock.js';
import type { CallHistory } from './call-history.js';
import { deferredMessage } from './deferred-message.js';
import { PersistentWrites } from '../persistent-writes.js';

export interface GivenUpEventsParts {
  /** This server's. */
  readonly id: Buffer;
  readonly driver: Pick<DriverConnection, 'produce'>;
  readonly codec: Codec;
  readonly clock: Pick<RequestClock, 'now'>;
  readonly counters: Counters;
  readonly userCode: UserCode;
  /** By the topic that an event was read from; empty when failed events are not kept. */
  readonly topics: ReadonlyMap<string, DeadLetterTopic>;
  readonly onDeadLetter: DeadLetterHook | undefined;
  /** Told of each attempt to write a letter that failed. Must not throw. */
  readonly onFailed: (error: RpcError) => void;
}

/** Of one attempt to write a letter. */
const WRITE_TIMEOUT_MS = 10_000;
/** So long the hook is waited for. */
const HOOK_TIMEOUT_MS = 10_000;

/**
 * Events that have failed for good: kept as dead letters, told to the app, and then finished. One whose letter cannot be written
 * is not finished: it is tried again, and is another server's when this one closes.
 */
export class GivenUpEvents {
  private readonly writes: PersistentWrites;
  private readonly told = new Set<Promise<void>>();

  constructor(private readonly parts: GivenUpEventsParts) {
    this.writes = new PersistentWrites({ onFailed: parts.onFailed });
  }

  /** @param history with its last run. @param done called once, when the event may be finished */
  add(call: IncomingCall, history: CallHistory, done: () => void, reason: GivenUpReason = 'failed'): void {
    const to = this.parts.topics.get(call.origin.record.topic);
    if (to === undefined && this.parts.onDeadLetter === undefined) return done();
    const message = this.messageOf(call, history);
    if (to === undefined) return this.tell(message, reason, done);
    const written = (): void => {
      this.parts.counters.add('deadLettered');
      this.tell(message, reason, done);
    };
    this.writes.write(() => this.write(message, reason, to), written);
  }

  /** Resolves when no letter is on its way and no hook is waited for. */
  async idle(): Promise<void> {
    await this.writes.idle();
    await Promise.all(this.told);
  }

  close(): void {
    this.writes.close();
  }

  private messageOf(call: IncomingCall, history: CallHistory): DeferredMessage {
    const nowMs = this.parts.clock.now();
    return deferredMessage(call, history, { seq: 0, dueAtMs: nowMs, nowMs, timeLeftMs: Infinity });
  }

  private async write(
    message: DeferredMessage,
    reason: GivenUpReason,
    { topic, partitions }: DeadLetterTopic,
  ): Promise<void> {
    const { codec, id, driver } = this.parts;
    const to = { topic, partition: (message.origin?.partition ?? 0) % partitions };
    const letter = await failedLetter(codec, id, to, { message, reason });
    await driver.produce([letter], { acks: -1, timeoutMs: WRITE_TIMEOUT_MS });
  }

  private tell(message: DeferredMessage, reason: GivenUpReason, done: () => void): void {
    const { onDeadLetter, userCode, codec } = this.parts;
    const event = onDeadLetter && failedEventOf(codec, message, reason);
    if (onDeadLetter === undefined || event === undefined) return done();
    let heard: unknown;
    userCode.run('dead letter hook', () => (heard = onDeadLetter(event)));
    const told = waitAtMost(settled(heard), HOOK_TIMEOUT_MS)
      .finally(() => this.told.delete(told))
      .then(done);
    this.told.add(told);
  }
}

/** What a hook gave, waited for however it ends: what it rejects with is told of elsewhere. */
const settled = async (result: unknown): Promise<void> => {
  try {
    await result;
  } catch {
    // Reported by the guard.
  }
};
