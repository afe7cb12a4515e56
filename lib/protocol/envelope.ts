import { ByteReader, malformed } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { INSTANCE_ID_BYTES } from './instance-id.js';

/** The name of the record header that holds the envelope. */
export const ENVELOPE_HEADER = 'rpc';

/** Raised when records of the two versions cannot be read by each other. */
export const PROTOCOL_VERSION = 1;

/** Who sent a record and how it is to be read: stands once per record, outside of what wire stages change. */
export type Envelope = StagedEnvelope | RefusalEnvelope;

/** Of records whose value passes the wire stages. */
export type StagedEnvelope = RequestEnvelope | ReplyEnvelope;

interface Encoding {
  /** The sending client or server. */
  readonly sender: Buffer;
  /** The serializer of all payloads in the record. */
  readonly contentType: string;
  /** The names of the wire stages in encode order, joined by `+`; empty for none. */
  readonly stages: string;
}

/** Client to server: requests, events, cancels. */
export interface RequestEnvelope extends Encoding {
  readonly direction: 'request';
  /** Where replies go; `null` from a client that only emits. */
  readonly replyTo: ReplyAddress | null;
}

/** Server to client. */
export interface ReplyEnvelope extends Encoding {
  readonly direction: 'reply';
  readonly recipient: Buffer;
}

/** Server to client, outside of all stages and without proof: records of this client were refused (`refusal-notice.ts`). */
export interface RefusalEnvelope {
  readonly direction: 'refusal';
  readonly sender: Buffer;
  readonly recipient: Buffer;
}

export interface ReplyAddress {
  readonly topic: string;
  readonly partition: number;
}

const DIRECTIONS = { request: 1, reply: 2, refusal: 3 } as const;

/** A refusal has neither payloads nor stages. */
const NONE = '';

/** Byte by byte in docs/protocol.md. There is exactly one encoding of an envelope, so it can be authenticated as bytes. */
export const encodeEnvelope = (envelope: Envelope): Buffer => {
  const writer = new ByteWriter();
  writer.uint8(PROTOCOL_VERSION);
  writer.uint8(DIRECTIONS[envelope.direction]);
  writer.bytes(envelope.sender);
  writer.string16(envelope.direction === 'refusal' ? NONE : envelope.contentType);
  writer.string16(envelope.direction === 'refusal' ? NONE : envelope.stages);
  if (envelope.direction === 'request') {
    writer.string16(envelope.replyTo?.topic ?? '');
    writer.uint32(envelope.replyTo?.partition ?? 0);
  } else {
    writer.bytes(envelope.recipient);
  }
  return writer.finish();
};

/** @throws RpcError `INVALID_ARGUMENT` when the bytes are not an envelope of this version. */
export const decodeEnvelope = (bytes: Buffer): Envelope => {
  const reader = new ByteReader(bytes);
  const version = reader.uint8();
  if (version !== PROTOCOL_VERSION) {
    throw malformed(`protocol version ${version} is unknown, this side speaks ${PROTOCOL_VERSION}`);
  }
  const direction = reader.uint8();
  const encoding: Encoding = {
    sender: reader.bytes(INSTANCE_ID_BYTES),
    contentType: reader.string16(),
    stages: reader.string16(),
  };
  const envelope = decodeDirection(direction, encoding, reader);
  reader.end('envelope');
  return envelope;
};

const decodeDirection = (direction: number, encoding: Encoding, reader: ByteReader): Envelope => {
  // Spelled out, as everywhere on the road of a record: V8 makes a new hidden class for each object that is made by a spread.
  const { sender, contentType, stages } = encoding;
  switch (direction) {
    case DIRECTIONS.request:
      return { direction: 'request', sender, contentType, stages, replyTo: decodeReplyAddress(reader) };
    case DIRECTIONS.reply:
      return { direction: 'reply', sender, contentType, stages, recipient: reader.bytes(INSTANCE_ID_BYTES) };
    case DIRECTIONS.refusal:
      return decodeRefusal(encoding, reader);
    default:
      throw malformed(`direction ${direction} is unknown`);
  }
};

const decodeRefusal = ({ sender, contentType, stages }: Encoding, reader: ByteReader): RefusalEnvelope => {
  if (contentType !== NONE || stages !== NONE) throw malformed('a refusal names a content type or stages');
  return { direction: 'refusal', sender, recipient: reader.bytes(INSTANCE_ID_BYTES) };
};

const decodeReplyAddress = (reader: ByteReader): ReplyAddress | null => {
  const topic = reader.string16();
  const partition = reader.uint32();
  return topic === '' ? null : { topic, partition };
};
