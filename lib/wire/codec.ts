import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { ConsumerRecord } from '../driver/record.js';
import { decodeEnvelope, ENVELOPE_HEADER, type Envelope } from '../protocol/envelope.js';
import type { Serializer } from './serializer.js';
import type { WireContext, WireInterceptor } from './wire-interceptor.js';

/** A record's value and headers. */
export interface EncodedRecord {
  readonly value: Buffer;
  readonly headers: Record<string, Buffer>;
}

type Stage = (bytes: Buffer, context: WireContext) => Buffer | Promise<Buffer>;

/** Serializer and wire stages joined. The only place that knows the order of the stages. */
export class Codec {
  /** The names of the stages as they stand in an envelope. */
  readonly stages: string;
  private readonly encoders: readonly Stage[];
  private readonly decoders: readonly Stage[];

  constructor(
    readonly serializer: Serializer,
    private readonly interceptors: readonly WireInterceptor[] = [],
  ) {
    this.stages = interceptors.map((stage) => stage.name).join('+');
    this.encoders = interceptors.map(
      (stage): Stage =>
        (bytes, context) =>
          stage.encode(bytes, context),
    );
    this.decoders = interceptors
      .map(
        (stage): Stage =>
          (bytes, context) =>
            stage.decode(bytes, context),
      )
      .reverse();
  }

  /** Lets each stage prepare itself; must resolve before the first record. */
  async open(): Promise<void> {
    for (const stage of this.interceptors) await stage.open?.();
  }

  /** Frame list to record. Asynchronous only if a stage is. */
  encode(frames: Buffer, target: Omit<WireContext, 'headers'>): EncodedRecord | Promise<EncodedRecord> {
    const headers: Record<string, Buffer> = { [ENVELOPE_HEADER]: target.envelope };
    const value = runStages(this.encoders, frames, { ...target, headers });
    return value instanceof Promise ? value.then((bytes) => ({ value: bytes, headers })) : { value, headers };
  }

  /**
   * The envelope alone: enough to know whether a record is ours before any work is spent on it.
   * @throws RpcError `INVALID_ARGUMENT` when the record is not of this protocol and version.
   */
  readEnvelope(record: ConsumerRecord): Envelope {
    return decodeEnvelope(envelopeBytes(record));
  }

  /**
   * Record to frame list. Asynchronous only if a stage is.
   * @throws RpcError when the sender has other stages, or what a stage throws.
   */
  decode(record: ConsumerRecord, envelope: Envelope): Buffer | Promise<Buffer> {
    if (envelope.stages !== this.stages) throw otherStages(envelope.stages, this.stages);
    if (record.value === null) throw new RpcError(RpcStatus.INVALID_ARGUMENT, 'The record has no value.');
    return runStages(this.decoders, record.value, {
      direction: envelope.direction,
      topic: record.topic,
      partition: record.partition,
      envelope: envelopeBytes(record),
      headers: singleHeaders(record),
    });
  }
}

const runStages = (
  stages: readonly Stage[],
  bytes: Buffer,
  context: WireContext,
): Buffer | Promise<Buffer> => {
  let current: Buffer | Promise<Buffer> = bytes;
  for (const stage of stages) {
    current =
      current instanceof Promise ? current.then((value) => stage(value, context)) : stage(current, context);
  }
  return current;
};

const envelopeBytes = (record: ConsumerRecord): Buffer => {
  const header = record.headers[ENVELOPE_HEADER];
  if (Buffer.isBuffer(header)) return header;
  const found = header === undefined ? 'no' : 'more than one';
  throw new RpcError(RpcStatus.INVALID_ARGUMENT, `The record has ${found} "${ENVELOPE_HEADER}" header.`);
};

const singleHeaders = (record: ConsumerRecord): Record<string, Buffer> => {
  const single = Object.create(null) as Record<string, Buffer>;
  for (const [name, value] of Object.entries(record.headers)) {
    if (Buffer.isBuffer(value)) single[name] = value;
  }
  return single;
};

const otherStages = (theirs: string, ours: string): RpcError =>
  new RpcError(
    RpcStatus.FAILED_PRECONDITION,
    `The sender's wire stages are [${theirs}], this side's are [${ours}]: give both sides the same interceptors.`,
  );
