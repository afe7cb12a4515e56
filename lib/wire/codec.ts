import { printable } from '../diagnostics/printable.js';
import type { RefusalReason } from '../diagnostics/refusal-reasons.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { ConsumerRecord } from '../driver/record.js';
import {
  decodeEnvelope,
  ENVELOPE_HEADER,
  PROTOCOL_VERSION,
  type Envelope,
  type StagedEnvelope,
} from '../protocol/envelope.js';
import { checkedSerializer } from './checked-serializer.js';
import { refusalError } from './refusal.js';
import type { Serializer } from './serializer.js';
import { StageChain } from './stage-chain.js';
import type { WireContext, WireInterceptor } from './wire-interceptor.js';

/** A record's value and headers. */
export interface EncodedRecord {
  readonly value: Buffer;
  readonly headers: Record<string, Buffer>;
}

/** How long a stage may take for one record where nothing else is said. */
export const DEFAULT_STAGE_TIMEOUT_MS = 10_000;

/** Serializer and wire stages joined. The only place that knows the order of the stages. */
export class Codec {
  readonly serializer: Serializer;
  /** The names of the stages as they stand in an envelope. */
  readonly stages: string;
  /** Whether one of the stages does: records are then of those who have the keys. */
  readonly authenticates: boolean;
  private readonly chain: StageChain;

  constructor(
    serializer: Serializer,
    interceptors: readonly WireInterceptor[] = [],
    stageTimeoutMs = DEFAULT_STAGE_TIMEOUT_MS,
  ) {
    this.serializer = checkedSerializer(serializer);
    this.stages = interceptors.map((stage) => stage.name).join('+');
    this.authenticates = interceptors.some((stage) => stage.authenticates === true);
    this.chain = new StageChain(interceptors, stageTimeoutMs);
  }

  /** Whether calls of this pattern, as the message has it, share no record with others. */
  keepsApart(pattern: string): boolean {
    return this.chain.keepsApart(pattern);
  }

  /** Lets each stage prepare itself; must resolve before the first record. */
  open(): Promise<void> {
    return this.chain.open();
  }

  /** Frame list to record. Asynchronous only if a stage is. */
  encode(frames: Buffer, target: Omit<WireContext, 'headers'>): EncodedRecord | Promise<EncodedRecord> {
    const headers: Record<string, Buffer> = { [ENVELOPE_HEADER]: target.envelope };
    if (this.chain.isEmpty) return { value: frames, headers };
    const { direction, topic, partition, isApart, envelope } = target;
    const value = this.chain.encode(frames, { direction, topic, partition, isApart, envelope, headers });
    if (!(value instanceof Promise)) return { value, headers: this.checkHeaders(headers) };
    return value.then((bytes) => ({ value: bytes, headers: this.checkHeaders(headers) }));
  }

  /** What stages gave as headers goes into a request that other records share. */
  private checkHeaders(headers: Record<string, unknown>): Record<string, Buffer> {
    for (const name of Object.keys(headers)) {
      const value = headers[name];
      if (Buffer.isBuffer(value)) continue;
      if (!(value instanceof Uint8Array)) throw noHeader(this.stages, name);
      headers[name] = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    return headers as Record<string, Buffer>;
  }

  /**
   * The envelope alone: enough to know whether a record is ours before any work is spent on it.
   * @throws RpcError `INVALID_ARGUMENT` when the record is not of this protocol and version.
   */
  readEnvelope(record: ConsumerRecord): Envelope {
    const bytes = envelopeBytes(record);
    try {
      return decodeEnvelope(bytes);
    } catch (error) {
      const { message } = RpcError.from(error);
      const isOtherVersion = bytes.length > 0 && bytes[0] !== PROTOCOL_VERSION;
      throw refuse(isOtherVersion ? 'version' : 'structure', message);
    }
  }

  /**
   * Record to frame list. Asynchronous only if a stage is.
   * @throws RpcError with a `Refusal` for its cause when the sender has other stages, or a stage throws.
   */
  decode(record: ConsumerRecord, envelope: StagedEnvelope): Buffer | Promise<Buffer> {
    if (envelope.stages !== this.stages) throw otherStages(envelope.stages, this.stages);
    if (record.value === null) throw refuse('structure', 'The record has no value.');
    return this.chain.decode(record.value, {
      direction: envelope.direction,
      topic: record.topic,
      partition: record.partition,
      envelope: envelopeBytes(record),
      headers: singleHeaders(record),
    });
  }
}

const noHeader = (stages: string, name: string): RpcError =>
  new RpcError(
    RpcStatus.INTERNAL,
    `The stages [${stages}] gave the header "${name}" as something else than a Buffer.`,
  );

const envelopeBytes = (record: ConsumerRecord): Buffer => {
  const header = record.headers[ENVELOPE_HEADER];
  if (Buffer.isBuffer(header)) return header;
  const found = header === undefined ? 'no' : 'more than one';
  throw refuse('not-ours', `The record has ${found} "${ENVELOPE_HEADER}" header.`);
};

const singleHeaders = (record: ConsumerRecord): Record<string, Buffer> => {
  const single = Object.create(null) as Record<string, Buffer>;
  for (const [name, value] of Object.entries(record.headers)) {
    if (Buffer.isBuffer(value)) single[name] = value;
  }
  return single;
};

const refuse = (reason: RefusalReason, message: string): RpcError =>
  refusalError(RpcStatus.INVALID_ARGUMENT, message, { reason });

/** How much of a sender's names is shown. */
const MAX_STAGES_SHOWN = 200;

const otherStages = (theirs: string, ours: string): RpcError =>
  refusalError(
    RpcStatus.FAILED_PRECONDITION,
    `The sender's wire stages are [${printable(theirs, MAX_STAGES_SHOWN)}], this side's are [${ours}]: ` +
      'give both sides the same interceptors.',
    { reason: 'stages' },
  );
