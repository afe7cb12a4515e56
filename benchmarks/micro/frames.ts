import { randomBytes } from 'node:crypto';
import { decodeEnvelope, encodeEnvelope, type RequestEnvelope } from '../../lib/protocol/envelope.js';
import { decodeFrameList } from '../../lib/protocol/frame-list.js';
import type { CompleteMessage, Message, RequestMessage } from '../../lib/protocol/message.js';
import { OutgoingRecord } from '../../lib/wire/outgoing-record.js';
import type { Subject } from './subject.js';

const MESSAGES = 100;
const PAYLOAD = Buffer.alloc(40, 'x');
const NO_BYTES = Buffer.alloc(0);
const MAX_BYTES = 1_000_000;

const REQUEST: RequestMessage = {
  kind: 'request',
  seq: 123_456,
  pattern: 'sum.add',
  key: null,
  headers: {},
  metadata: NO_BYTES,
  payload: PAYLOAD,
  ttlMs: 10_000,
  sentAtMs: 1_700_000_000_000,
  attempt: 1,
};

const COMPLETE: CompleteMessage = {
  kind: 'complete',
  seq: 123_456,
  run: 7,
  index: 0,
  receivedAtMs: 1_700_000_000_000,
  repliedAtMs: 1_700_000_000_001,
  payload: PAYLOAD,
};

/** The side of the envelope that every record has, whatever number of messages it carries. */
export const requestEnvelope = (stages: string): RequestEnvelope => ({
  direction: 'request',
  sender: randomBytes(16),
  contentType: 'msgpack',
  stages,
  replyTo: { topic: 'rpc.replies', partition: 3 },
});

/** Messages of 40 bytes of payload, a hundred to a record, as they are under load. */
export function frameSubjects(): Subject[] {
  const envelope = requestEnvelope('');
  const bytes = encodeEnvelope(envelope);
  return [
    encodes('request: encode', REQUEST),
    decodes('request: decode', REQUEST),
    encodes('reply: encode', COMPLETE),
    decodes('reply: decode', COMPLETE),
    { name: 'envelope: encode', operations: 1, run: () => void encodeEnvelope(envelope) },
    { name: 'envelope: decode', operations: 1, run: () => void decodeEnvelope(bytes) },
  ];
}

const encodes = (name: string, message: Message): Subject => ({
  name,
  operations: MESSAGES,
  run: () => void frameList(message),
});

function decodes(name: string, message: Message): Subject {
  const frames = frameList(message);
  const refuse = (error: Error): never => {
    throw error;
  };
  return { name, operations: MESSAGES, run: () => void decodeFrameList(frames, refuse) };
}

function frameList(message: Message): Buffer {
  const record = new OutgoingRecord(false, 0);
  for (let at = 0; at < MESSAGES; at += 1) record.append(message, MAX_BYTES);
  return record.finish();
}
