import { BaseRpcContext } from '@nestjs/microservices';
import { formatCallId } from '../protocol/instance-id.js';
import type { Serializer } from '../wire/serializer.js';
import type { IncomingCall } from './incoming-call.js';

/** Nest's `packet.metadata`. */
export type KafkaRpcMetadata = Readonly<Record<string, string>>;

/** The run of a handler. */
interface Signalled {
  readonly signal: AbortSignal;
}

/** The context of a call, injected with `@Ctx()`. Values are read on demand. */
export class KafkaRpcContext extends BaseRpcContext<[IncomingCall]> {
  constructor(
    private readonly call: IncomingCall,
    private readonly serializer: Serializer,
    private readonly run: Signalled,
  ) {
    super([call]);
  }

  /** The pattern as the caller sent it, normalized as Nest does. */
  getPattern(): string {
    return this.call.message.pattern;
  }

  /** The name of this call: the same for every attempt, and unique in the cluster. Store it to make a handler idempotent. */
  getCallId(): string {
    const { message, origin } = this.call;
    return formatCallId(origin.caller.id, message.seq);
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

  /** Which attempt of the client this is; 1 for the first. Clients do not retry today, so it is always 1. */
  getAttempt(): number {
    return this.call.message.attempt;
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
}
