import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus, statusCode } from '../errors/status.js';
import type { ByteWriter } from './byte-writer.js';
import {
  MESSAGE_KINDS,
  type CompleteMessage,
  type CreditMessage,
  type DeferredMessage,
  type ErrorMessage,
  type EventMessage,
  type FailedRun,
  type IdempotentMessage,
  type Message,
  type MessageOrigin,
  type RequestMessage,
  type ResultMessage,
} from './message.js';

const NO_BYTES = 0xffff_ffff;
const NOTHING = Buffer.alloc(0);

/** Appends one message: length (uint32), kind (uint8), body. Byte by byte in docs/protocol.md. */
export const encodeMessage = (writer: ByteWriter, message: Message): void => {
  const start = writer.length;
  writer.uint32(0);
  writer.uint8(MESSAGE_KINDS[message.kind]);
  writer.uint48(message.seq);
  encodeBody(writer, message);
  writer.patchUint32(writer.length - start - 4, start);
};

/** Where the time to live of a request, an event or a deferred one stands in its frame: behind length, kind, number and attempt. */
const TTL_AT = 4 + 1 + 6 + 1;

/** Writes into the frame of a request, an event or a deferred one, which begins at `start`, that its time to live is no more than this. */
export const lowerTtl = (writer: ByteWriter, start: number, timeLeftMs: number): void => {
  const written = writer.uint32At(start + TTL_AT);
  // 0 is for ever.
  const left = Math.max(1, Math.ceil(timeLeftMs));
  if (written > left) writer.patchUint32(left, start + TTL_AT);
};

const encodeBody = (writer: ByteWriter, message: Message): void => {
  switch (message.kind) {
    case 'request':
    case 'event':
      encodeInvocation(writer, message);
      return writer.bytes(message.payload);
    case 'deferred':
      return encodeDeferred(writer, message);
    case 'idempotent':
      encodeInvocation(writer, message);
      writer.string16(message.idempotencyKey);
      return writer.bytes(message.payload);
    case 'result':
      return encodeResult(writer, message);
    case 'next':
    case 'progress':
      writer.uint32(message.run);
      writer.uint32(message.index);
      return writer.bytes(message.payload);
    case 'headers':
      writer.uint32(message.run);
      return encodeHeaders(writer, message.headers);
    case 'complete':
      return encodeComplete(writer, message);
    case 'error':
      return encodeError(writer, message);
    case 'credit':
      return encodeCredit(writer, message);
    case 'pong':
      writer.float64(message.receivedAtMs);
      writer.float64(message.repliedAtMs);
      return writer.bytes(message.payload);
    case 'ping':
      writer.uint8(message.asks);
      writer.uint8(message.server === null ? 0 : 1);
      return writer.bytes(message.server ?? NOTHING);
    case 'cancel':
      return;
  }
};

const encodeInvocation = (
  writer: ByteWriter,
  message: RequestMessage | EventMessage | DeferredMessage | IdempotentMessage,
): void => {
  writer.uint8(message.attempt);
  writer.uint32(message.ttlMs);
  writer.float64(message.sentAtMs);
  writer.string16(message.pattern);
  if (message.key === null) writer.uint32(NO_BYTES);
  else writer.bytes32(message.key);
  encodeHeaders(writer, message.headers);
  writer.bytes32(message.metadata);
};

const encodeDeferred = (writer: ByteWriter, message: DeferredMessage): void => {
  encodeInvocation(writer, message);
  writer.uint8(MESSAGE_KINDS[message.invokes]);
  writer.float64(message.dueAtMs);
  writer.uint32(message.runs);
  writer.uint16(message.redriven);
  writer.string16(message.contentType);
  encodeOrigin(writer, message.origin);
  encodeFailedRun(writer, message.firstError);
  encodeFailedRun(writer, message.lastError);
  writer.bytes(message.payload);
};

const encodeOrigin = (writer: ByteWriter, origin: MessageOrigin | null): void => {
  writer.uint8(origin === null ? 0 : 1);
  if (origin === null) return;
  writer.bytes(origin.sender);
  writer.uint48(origin.seq);
  writer.string16(origin.topic);
  writer.uint32(origin.partition);
  writer.uint64(origin.offset);
  writer.float64(origin.timestampMs);
};

const encodeFailedRun = (writer: ByteWriter, failed: FailedRun | null): void => {
  writer.uint8(failed === null ? 0 : 1);
  if (failed === null) return;
  writer.uint8(statusCode(failed.status));
  writer.string16(failed.message);
  writer.float64(failed.atMs);
};

const encodeResult = (writer: ByteWriter, { end, ...message }: ResultMessage): void => {
  writer.bytes(message.keyDigest);
  writer.bytes(message.requestDigest);
  writer.float64(message.doneAtMs);
  writer.string16(message.pattern);
  writer.bytes(message.caller);
  writer.uint48(message.callSeq);
  if ('payload' in end) {
    writer.uint8(0);
    writer.uint8(end.payload === null ? 0 : 1);
    return writer.bytes(end.payload ?? NOTHING);
  }
  writer.uint8(statusCode(end.status));
  writer.string16(end.message);
  writer.bytes(end.details);
};

/** A uint16 on the wire. */
const MAX_HEADERS = 0xffff;

const tooManyHeaders = (count: number): RpcError =>
  new RpcError(
    RpcStatus.INVALID_ARGUMENT,
    `A message has at most ${MAX_HEADERS} headers, not ${count}: send them as data.`,
  );

const encodeHeaders = (writer: ByteWriter, headers: Readonly<Record<string, string>>): void => {
  const countAt = writer.length;
  let count = 0;
  writer.uint16(0);
  for (const name in headers) {
    count += 1;
    writer.string16(name);
    writer.string16(headers[name] as string);
  }
  if (count > MAX_HEADERS) throw tooManyHeaders(count);
  if (count > 0) writer.patchUint16(count, countAt);
};

const encodeCredit = (writer: ByteWriter, { count, bytes }: CreditMessage): void => {
  writer.uint32(count);
  if (bytes !== undefined) writer.uint32(bytes);
};

const encodeComplete = (writer: ByteWriter, message: CompleteMessage): void => {
  writer.uint32(message.run);
  writer.uint32(message.index);
  writer.float64(message.receivedAtMs);
  writer.float64(message.repliedAtMs);
  writer.uint8(message.payload === null ? 0 : 1);
  if (message.payload !== null) writer.bytes(message.payload);
};

const encodeError = (writer: ByteWriter, message: ErrorMessage): void => {
  writer.uint32(message.run);
  writer.uint8(statusCode(message.status));
  writer.uint8(message.retryable ? 1 : 0);
  writer.float64(message.receivedAtMs);
  writer.float64(message.repliedAtMs);
  writer.string16(message.message);
  writer.bytes(message.details);
};
