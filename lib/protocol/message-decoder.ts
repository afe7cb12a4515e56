import { statusOfCode } from '../errors/status.js';
import { malformed, type ByteReader } from './byte-reader.js';
import { INSTANCE_ID_BYTES } from './instance-id.js';
import {
  MESSAGE_KINDS,
  type DeferredMessage,
  type EventMessage,
  type FailedRun,
  type IdempotentMessage,
  type KeptEnd,
  type Message,
  type MessageOrigin,
  type RequestMessage,
  type ResultMessage,
} from './message.js';

const NO_BYTES = 0xffff_ffff;
/** Of SHA-256. */
const DIGEST_BYTES = 32;

/**
 * Reads one message, given without its length, up to the end of the reader's window.
 * @throws RpcError `INVALID_ARGUMENT` for a malformed body or an unknown kind.
 */
export const decodeMessage = (reader: ByteReader): Message => {
  const kind = reader.uint8();
  const decode = DECODERS[kind];
  if (decode === undefined) throw malformed(`message kind ${kind} is unknown to this version`);
  return decode(reader, reader.uint48());
};

type Decode = (reader: ByteReader, seq: number) => Message;

const decodeInvocation = (
  kind: 'request' | 'event',
  reader: ByteReader,
  seq: number,
): RequestMessage | EventMessage => ({
  kind,
  seq,
  attempt: reader.uint8(),
  ttlMs: reader.uint32(),
  sentAtMs: reader.float64(),
  pattern: reader.string16(),
  key: decodeKey(reader),
  headers: decodeHeaders(reader),
  metadata: reader.bytes32(),
  payload: reader.rest(),
});

const decodeKey = (reader: ByteReader): Buffer | null => {
  const length = reader.uint32();
  return length === NO_BYTES ? null : reader.bytes(length);
};

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze(
  Object.create(null) as Record<string, string>,
);

const decodeHeaders = (reader: ByteReader): Readonly<Record<string, string>> => {
  const count = reader.uint16();
  if (count === 0) return NO_HEADERS;
  // No prototype: a header named `__proto__` is a header like any other.
  const headers = Object.create(null) as Record<string, string>;
  for (let i = 0; i < count; i++) headers[reader.string16()] = reader.string16();
  return headers;
};

const decodeDeferred = (reader: ByteReader, seq: number): DeferredMessage => ({
  kind: 'deferred',
  seq,
  attempt: reader.uint8(),
  ttlMs: reader.uint32(),
  sentAtMs: reader.float64(),
  pattern: reader.string16(),
  key: decodeKey(reader),
  headers: decodeHeaders(reader),
  metadata: reader.bytes32(),
  invokes: decodeInvokes(reader),
  dueAtMs: reader.float64(),
  runs: reader.uint32(),
  redriven: reader.uint16(),
  contentType: reader.string16(),
  origin: decodeOrigin(reader),
  firstError: decodeFailedRun(reader),
  lastError: decodeFailedRun(reader),
  payload: reader.rest(),
});

const decodeIdempotent = (reader: ByteReader, seq: number): IdempotentMessage => ({
  kind: 'idempotent',
  seq,
  attempt: reader.uint8(),
  ttlMs: reader.uint32(),
  sentAtMs: reader.float64(),
  pattern: reader.string16(),
  key: decodeKey(reader),
  headers: decodeHeaders(reader),
  metadata: reader.bytes32(),
  idempotencyKey: reader.string16(),
  payload: reader.rest(),
});

const decodeResult = (reader: ByteReader, seq: number): ResultMessage => ({
  kind: 'result',
  seq,
  keyDigest: reader.bytes(DIGEST_BYTES),
  requestDigest: reader.bytes(DIGEST_BYTES),
  doneAtMs: reader.float64(),
  pattern: reader.string16(),
  caller: reader.bytes(INSTANCE_ID_BYTES),
  callSeq: reader.uint48(),
  end: decodeKeptEnd(reader),
});

const decodeKeptEnd = (reader: ByteReader): KeptEnd => {
  const status = reader.uint8();
  if (status === 0) return { status: 'OK', payload: reader.uint8() === 0 ? null : reader.rest() };
  return { status: statusOfCode(status), message: reader.string16(), details: reader.rest() };
};

const decodeInvokes = (reader: ByteReader): 'request' | 'event' => {
  const kind = reader.uint8();
  if (kind === MESSAGE_KINDS.request) return 'request';
  if (kind === MESSAGE_KINDS.event) return 'event';
  throw malformed(`a message of kind ${kind} cannot be deferred`);
};

const decodeOrigin = (reader: ByteReader): MessageOrigin | null =>
  reader.uint8() === 0
    ? null
    : {
        sender: reader.bytes(INSTANCE_ID_BYTES),
        seq: reader.uint48(),
        topic: reader.string16(),
        partition: reader.uint32(),
        offset: reader.uint64(),
        timestampMs: reader.float64(),
      };

const decodeFailedRun = (reader: ByteReader): FailedRun | null =>
  reader.uint8() === 0
    ? null
    : { status: statusOfCode(reader.uint8()), message: reader.string16(), atMs: reader.float64() };

const decodeCancel = (reader: ByteReader, seq: number): Message => {
  reader.end('cancel');
  return { kind: 'cancel', seq };
};

const decodeCredit = (reader: ByteReader, seq: number): Message => {
  const count = reader.uint32();
  return reader.remaining >= 4
    ? { kind: 'credit', seq, count, bytes: reader.uint32() }
    : { kind: 'credit', seq, count };
};

const DECODERS: Readonly<Record<number, Decode>> = {
  [MESSAGE_KINDS.request]: (reader, seq) => decodeInvocation('request', reader, seq),
  [MESSAGE_KINDS.event]: (reader, seq) => decodeInvocation('event', reader, seq),
  [MESSAGE_KINDS.deferred]: decodeDeferred,
  [MESSAGE_KINDS.idempotent]: decodeIdempotent,
  [MESSAGE_KINDS.result]: decodeResult,
  [MESSAGE_KINDS.next]: (reader, seq) => ({
    kind: 'next',
    seq,
    run: reader.uint32(),
    index: reader.uint32(),
    payload: reader.rest(),
  }),
  [MESSAGE_KINDS.complete]: (reader, seq) => ({
    kind: 'complete',
    seq,
    run: reader.uint32(),
    index: reader.uint32(),
    receivedAtMs: reader.float64(),
    repliedAtMs: reader.float64(),
    payload: reader.uint8() === 0 ? null : reader.rest(),
  }),
  [MESSAGE_KINDS.error]: (reader, seq) => ({
    kind: 'error',
    seq,
    run: reader.uint32(),
    status: statusOfCode(reader.uint8()),
    retryable: reader.uint8() === 1,
    receivedAtMs: reader.float64(),
    repliedAtMs: reader.float64(),
    message: reader.string16(),
    details: reader.rest(),
  }),
  [MESSAGE_KINDS.headers]: (reader, seq) => ({
    kind: 'headers',
    seq,
    run: reader.uint32(),
    headers: decodeHeaders(reader),
  }),
  [MESSAGE_KINDS.progress]: (reader, seq) => ({
    kind: 'progress',
    seq,
    run: reader.uint32(),
    index: reader.uint32(),
    payload: reader.rest(),
  }),
  [MESSAGE_KINDS.cancel]: decodeCancel,
  [MESSAGE_KINDS.credit]: decodeCredit,
  [MESSAGE_KINDS.ping]: (reader, seq) => ({
    kind: 'ping',
    seq,
    asks: reader.uint8(),
    server: reader.uint8() === 0 ? null : reader.bytes(INSTANCE_ID_BYTES),
  }),
  [MESSAGE_KINDS.pong]: (reader, seq) => ({
    kind: 'pong',
    seq,
    receivedAtMs: reader.float64(),
    repliedAtMs: reader.float64(),
    payload: reader.rest(),
  }),
};
