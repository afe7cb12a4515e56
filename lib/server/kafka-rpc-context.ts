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

/** What a handler may know of its call: injected with `@Ctx()`. Everything is read when it is asked for. */
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

  /** The same for every execution of this call, and for no other call in the cluster. */
  getCallId(): string {
    const { message, origin } = this.call;
    return formatCallId(origin.caller.id, message.seq);
  }

  /** The headers that the caller set. */
  getHeaders(): Readonly<Record<string, string>> {
    return this.call.message.headers;
  }

  /** What the client's dispatch hook attached; undefined when there is none, as Nest has it. */
  getMetadata(): KafkaRpcMetadata | undefined {
    const { metadata } = this.call.message;
    return metadata.length === 0 ? undefined : (this.serializer.deserialize(metadata) as KafkaRpcMetadata);
  }

  /** The key that decided on partition and order; `null` for none. */
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

  /** Which sending of the call this is; 1 for the first. */
  getAttempt(): number {
    return this.call.message.attempt;
  }

  /** When the caller gives up, in milliseconds since the epoch on the broker's clock; undefined for never. */
  getDeadline(): number | undefined {
    const { message, origin } = this.call;
    return message.ttlMs === 0 ? undefined : origin.record.timestampMs + message.ttlMs;
  }

  /** Aborts when nobody waits for the answer any more: the caller cancelled, or its deadline passed. */
  get signal(): AbortSignal {
    return this.run.signal;
  }
}
