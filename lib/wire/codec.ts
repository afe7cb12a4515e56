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

/** A header of every record of a sender. */
export interface Announcement {
  readonly name: string;
  readonly value: Buffer;
}

/** The default of `stageTimeoutMs`. */
export const DEFAULT_STAGE_TIMEOUT_MS = 10_000;

/** Joins serializer and wire stages: values to records and back. Only this class knows the order of the stages. */
export class Codec {
  readonly serializer: Serializer;
  /** The names of the stages, as an envelope has them. */
  readonly stages: string;
  /** Whether a stage authenticates: then every accepted record was made by a holder of the keys. */
  readonly authenticates: boolean;
  private readonly chain: StageChain;

  constructor(
    serializer: Serializer,
    interceptors: readonly WireInterceptor[] = [],
    stageTimeoutMs = DEFAULT_STAGE_TIMEOUT_MS,
    /** On every record beside the envelope, what its sender says that it does. */
    private readonly announced: readonly Announcement[] = [],
  ) {
    this.serializer = checkedSerializer(serializer);
    this.stages = interceptors.map((stage) => stage.name).join('+');
    this.authenticates = interceptors.some((stage) => stage.authenticates === true);
    this.chain = new StageChain(interceptors, stageTimeoutMs);
  }

  /** Whether calls of this pattern (in the form of the message) get records of their own. */
  keepsApart(pattern: string): boolean {
    return this.chain.keepsApart(pattern);
  }

  /** Opens each stage. Await it before the first record. @throws RpcError with the name of the stage that cannot open. */
  open(): Promise<void> {
    return this.chain.open();
  }

  /** Turns a frame list into a record. Returns a promise only if a stage does. @throws RpcError with the name of the stage. */
  encode(frames: Buffer, target: Omit<WireContext, 'headers'>): EncodedRecord | Promise<EncodedRecord> {
    const headers: Record<string, Buffer> = { [ENVELOPE_HEADER]: target.envelope };
    for (const { name, value } of this.announced) headers[name] = value;
    if (this.chain.isEmpty) return { value: frames, headers };
    const { direction, topic, partition, isApart, envelope } = target;
    const value = this.chain.encode(frames, { direction, topic, partition, isApart, envelope, headers });
    if (!(value instanceof Promise)) return { value, headers: this.checkHeaders(headers) };
    return value.then((bytes) => ({ value: bytes, headers: this.checkHeaders(headers) }));
  }

  /** Checks the headers from stages: they go into a request that other records share. */
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
   * Reads the envelope alone: it tells whether a record is for this process before any work is spent on it.
   * @throws RpcError `INVALID_ARGUMENT` if the record has another protocol or version.
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
   * Turns a record into its frame list. Returns a promise only if a stage does.
   * @throws RpcError whose cause is a `Refusal`, if the sender has other stages, or a stage throws.
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

/** How many characters of a sender's stage names an error shows. */
const MAX_STAGES_SHOWN = 200;

const otherStages = (theirs: string, ours: string): RpcError =>
  refusalError(
    RpcStatus.FAILED_PRECONDITION,
    `The sender's wire stages are [${printable(theirs, MAX_STAGES_SHOWN)}], this side's are [${ours}]: ` +
      'give both sides the same interceptors.',
    { reason: 'stages' },
  );
