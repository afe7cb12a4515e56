import { BaseRpcContext } from '@nestjs/microservices';
import { formatCallId } from '../protocol/instance-id.js';
import type { FailedRun, MessageOrigin } from '../protocol/message.js';
import type { Serializer } from '../wire/serializer.js';
import type { Execution } from './execution.js';
import type { IncomingCall } from './incoming-call.js';
import type { CallHistory } from './retries/call-history.js';
import { originOf } from './retries/deferred-message.js';
import { checkInteger } from '../errors/option-checks.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';

/** Nest's `packet.metadata`. */
export type KafkaRpcMetadata = Readonly<Record<string, string>>;

/** The history of an event or a call before this run of its handler. */
export interface CallPast {
  /** How often its handler failed. */
  readonly failures: number;
  /** The first and the last error, as a caller would get them. `atMs` is in milliseconds since the epoch, on the broker's clock. */
  readonly firstError: FailedRun | undefined;
  readonly lastError: FailedRun | undefined;
  /** How many servers died, or were thrown out of their group, with it in their hands: at most so many. */
  readonly deaths: number;
  /** How often it was redriven from the dead letters. */
  readonly redriven: number;
  /** Where and when (in milliseconds since the epoch) its first record was appended. The context itself has those of the record read now. */
  readonly origin: Omit<MessageOrigin, 'sender' | 'seq'>;
}

const pastOf = (history: CallHistory, here: MessageOrigin): CallPast => {
  const { topic, partition, offset, timestampMs } = history.origin ?? here;
  return {
    failures: history.runs,
    firstError: history.firstError ?? undefined,
    lastError: history.lastError ?? undefined,
    deaths: history.deaths,
    redriven: history.redriven,
    origin: { topic, partition, offset, timestampMs },
  };
};

/** The run of a handler. */
type HandlerRun = Pick<
  Execution,
  'signal' | 'writable' | 'whenWritable' | 'setHeader' | 'progress' | 'retryAfter'
>;

/** The context of a call, injected with `@Ctx()`. Values are read on demand. */
export class KafkaRpcContext extends BaseRpcContext<[IncomingCall]> {
  /** As this run found it: one that fails makes it longer. */
  private readonly history: CallHistory | undefined;

  constructor(
    private readonly call: IncomingCall,
    private readonly serializer: Serializer,
    private readonly run: HandlerRun,
  ) {
    super([call]);
    this.history = call.history;
  }

  /** The pattern as the caller sent it, normalized as Nest does. */
  getPattern(): string {
    return this.call.message.pattern;
  }

  /** The id of this call: the same for every attempt, and unique in the cluster. Store it to make a handler idempotent. */
  getCallId(): string {
    const { message, origin } = this.call;
    const sent = this.history?.origin;
    return sent ? formatCallId(sent.sender, sent.seq) : formatCallId(origin.caller.id, message.seq);
  }

  /** The headers that the caller set. */
  getHeaders(): Readonly<Record<string, string>> {
    return this.call.message.headers;
  }

  /** The metadata that the client's dispatch hook attached, such as trace context; undefined without a hook. */
  getMetadata(): KafkaRpcMetadata | undefined {
    const { metadata } = this.call.message;
    return metadata.length === 0 ? undefined : (this.serializer.deserialize(metadata) as KafkaRpcMetadata);
  }

  /** The key of the call, which decides partition and order; `null` without a key. */
  getKey(): Buffer | null {
    return this.call.message.key;
  }

  getTopic(): string {
    return this.call.origin.record.topic;
  }

  getPartition(): number {
    return this.call.origin.record.partition;
  }

  /** The offset of the record that carries the call; several calls may share it. */
  getOffset(): bigint {
    return this.call.origin.record.offset;
  }

  /** When the broker appended the call, in milliseconds since the epoch on the broker's clock. */
  getTimestamp(): number {
    return this.call.origin.record.timestampMs;
  }

  /**
   * The number of this run: 1, or more after a `retry`, or if servers died that may have been running it. A run after the close of another
   * server can be 1 again.
   */
  getAttempt(): number {
    const { runs = 0, deaths = 0 } = this.history ?? {};
    return this.call.message.attempt + runs + deaths;
  }

  /** The history of the event or call before this run. Undefined if it comes as it was sent. */
  getHistory(): CallPast | undefined {
    return this.history && pastOf(this.history, originOf(this.call));
  }

  /** The deadline of the call, in milliseconds since the epoch on the broker's clock; undefined for none. */
  getDeadline(): number | undefined {
    const { message, origin } = this.call;
    return message.ttlMs === 0 ? undefined : origin.record.timestampMs + message.ttlMs;
  }

  /** Aborts when the caller cancelled, the deadline passed, another server runs the call, or this server's grace period is over. */
  get signal(): AbortSignal {
    return this.run.signal;
  }

  /**
   * Whether the caller takes another value of this stream now, and the broker too. While it is false, what an Observable gives waits in
   * memory. Always true for callers of earlier versions, and when nobody listens any more.
   */
  get writable(): boolean {
    return this.run.writable;
  }

  /** Resolves when `writable` is true. */
  whenWritable(): Promise<void> {
    return this.run.whenWritable();
  }

  /**
   * Sets a header of the answer: `RpcReply.headers` at the caller. Until the end of the call; for a stream, what is set before its first
   * value arrives before that. Without effect for events, for calls with an `idempotencyKey`, and for callers of earlier versions.
   * @throws RpcError `INVALID_ARGUMENT` unless both are strings, or when all of them have more than 8,192 bytes.
   */
  setHeader(name: string, value: string): void {
    if (typeof name !== 'string' || name === '' || typeof value !== 'string') throw noHeader(name, value);
    this.run.setHeader(name, value);
  }

  /**
   * Tells the caller how far the call has come: it gets the value in `onProgress`. When the broker does not keep pace, it gets the last
   * value only. Without effect when the call is over, for events, for calls with an `idempotencyKey`, and for callers of earlier versions.
   * @throws RpcError `INTERNAL` for a value that cannot be serialized; `RESOURCE_EXHAUSTED` for one that is too large for a record.
   */
  progress(value: unknown): void {
    this.run.progress(value);
  }

  /**
   * Says when the caller may come again, in milliseconds: clients with a `retry` do not come before. Gives the error to throw for that,
   * `RESOURCE_EXHAUSTED`; another error that the handler ends with says so too, unless it has a `retryAfterMs` of its own.
   * @throws RpcError `INVALID_ARGUMENT` unless `ms` is a whole number from 0.
   */
  retryAfter(ms: number, message = TRY_LATER): RpcError {
    const retryAfterMs = checkInteger('retryAfter', ms, 0);
    this.run.retryAfter(retryAfterMs);
    return new RpcError(RpcStatus.RESOURCE_EXHAUSTED, message, { retryAfterMs });
  }
}

const TRY_LATER = 'The server has no capacity for this call now.';

const noHeader = (name: unknown, value: unknown): RpcError =>
  new RpcError(
    RpcStatus.INVALID_ARGUMENT,
    `setHeader() wants a name that is not empty and a value, two strings, and got a ${typeof name} and a ${typeof value}.`,
  );
