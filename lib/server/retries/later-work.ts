import type { Counters } from '../../diagnostics/counters.js';
import type { UserCode } from '../../diagnostics/user-code.js';
import type { DriverConnection } from '../../driver/driver.js';
import type { RpcError } from '../../errors/rpc-error.js';
import type { BrokerClock } from '../../wire/broker-clock.js';
import type { Codec } from '../../wire/codec.js';
import { Outbox } from '../../wire/outbox.js';
import { DEFERRAL_BYTES } from '../../wire/wire-options.js';
import type { CommitPolicies } from '../commits/commit-policies.js';
import type { DeadLetterTopics } from '../dead-letters/dead-letter-topics.js';
import type { IncomingCall } from '../incoming-call.js';
import type { RequestClock } from '../request-clock.js';
import type { RequestGate } from '../request-gate.js';
import type { ResolvedServerOptions } from '../server-options.js';
import { DelayedCalls } from './delayed-calls.js';
import type { DelayTopics } from './delay-topics.js';
import { DelayWriter } from './delay-writer.js';
import { GivenUpEvents } from './given-up-events.js';
import type { HandlerPolicies } from './handler-policies.js';
import { Retries, type RetriesParts } from './retries.js';

/** What this server tells of work that is put off or given up. */
export interface LaterWorkHooks {
  readonly handlers: RetriesParts['handlers'] & {
    readonly userCode: UserCode;
    readonly commits: Pick<CommitPolicies, 'isBefore'>;
  };
  readonly policies: HandlerPolicies;
  /** An event could not be written to the delay topic yet. */
  readonly onPutOffFailed: (error: RpcError) => void;
  /** An event that failed for good could not be written to the dead-letter topic yet. */
  readonly onLetterFailed: (error: RpcError) => void;
}

export interface LaterWorkParts {
  readonly id: Buffer;
  readonly driver: DriverConnection;
  readonly codec: Codec;
  readonly brokerClock: BrokerClock;
  readonly clock: RequestClock;
  readonly counters: Counters;
  readonly options: ResolvedServerOptions;
  readonly hooks: LaterWorkHooks;
  readonly deadLetterTopics: DeadLetterTopics;
  readonly delayTopics: DelayTopics;
  readonly gate: RequestGate;
  /** The time of a call has come. */
  readonly start: (call: IncomingCall) => void;
}

/** What is not done at once, wired together: retries, delays, and what has failed for good. */
export class LaterWork {
  readonly retries: Retries;
  readonly delayed: DelayedCalls;
  private readonly writer: DelayWriter;
  private readonly givenUp: GivenUpEvents;

  constructor(parts: LaterWorkParts) {
    const { clock, counters, options, hooks, gate, start } = parts;
    this.writer = new DelayWriter({
      ...parts,
      outbox: delayOutbox(parts),
      topics: parts.delayTopics,
      onFailed: hooks.onPutOffFailed,
    });
    this.givenUp = new GivenUpEvents({
      ...parts,
      userCode: hooks.handlers.userCode,
      topics: parts.deadLetterTopics.failed,
      onDeadLetter: options.onDeadLetter,
      onFailed: hooks.onLetterFailed,
    });
    const { writer, givenUp } = this;
    const { commits } = hooks.handlers;
    this.retries = new Retries({ ...hooks, delays: writer, givenUp, clock, counters });
    const { maxDelayed: maxCalls, maxDelayedBytes: maxBytes } = options;
    const staysInPlace = ({ message }: IncomingCall): boolean =>
      commits.isBefore(hooks.handlers.find(message.pattern));
    this.delayed = new DelayedCalls({
      maxCalls,
      maxBytes,
      clock,
      counters,
      writer,
      gate,
      staysInPlace,
      start,
    });
  }

  /** Nothing goes back to the delay topic any more. */
  stop(): void {
    this.delayed.close();
  }

  /** Resolves when nothing is on its way to the broker, and no hook is waited for. */
  async idle(): Promise<void> {
    await Promise.all([this.writer.idle(), this.givenUp.idle()]);
  }

  /** What could not be written is read again by another server. */
  close(): void {
    this.writer.close();
    this.givenUp.close();
  }
}

/** What is to wait must be with all in-sync replicas, whatever answers are content with, and is larger by its history. */
const delayOutbox = ({ driver, codec, brokerClock, counters, options }: LaterWorkParts): Outbox =>
  new Outbox(driver, codec, brokerClock, {
    ...options,
    acks: -1,
    maxRecordBytes: options.maxRecordBytes + DEFERRAL_BYTES,
    onThrottled: () => counters.add('throttles'),
  });
