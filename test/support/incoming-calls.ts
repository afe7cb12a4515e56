import type { ConsumerRecord } from 'nestjs-kafka-rpc';
import type { RequestEnvelope } from '../../lib/protocol/envelope.js';
import type { EventMessage, RequestMessage } from '../../lib/protocol/message.js';
import { IncomingCall, type CallerAddress } from '../../lib/server/incoming-call.js';
import type { Destination } from '../../lib/wire/destination-queue.js';
import { consumed } from './raw-records.js';

export const CLIENT_ID = Buffer.alloc(16, 1);
export const SERVER_ID = Buffer.alloc(16, 2);

const EMPTY = Buffer.alloc(0);

export const REPLIES: Destination = {
  topic: 'rpc.replies',
  partition: 3,
  direction: 'reply',
  envelope: EMPTY,
};

export const request = (parts: Partial<RequestMessage> = {}): RequestMessage => ({
  kind: 'request',
  seq: 1,
  pattern: 'sum.add',
  key: null,
  headers: {},
  metadata: EMPTY,
  payload: Buffer.from('{}'),
  ttlMs: 10_000,
  sentAtMs: 0,
  attempt: 1,
  ...parts,
});

export const event = (parts: Partial<EventMessage> = {}): EventMessage => ({
  ...request(),
  ttlMs: 0,
  ...parts,
  kind: 'event',
});

export const requestEnvelope = (parts: Partial<RequestEnvelope> = {}): RequestEnvelope => ({
  direction: 'request',
  sender: CLIENT_ID,
  contentType: 'json',
  stages: '',
  replyTo: { topic: 'rpc.replies', partition: 3 },
  ...parts,
});

export interface IncomingCallParts {
  readonly message?: RequestMessage | EventMessage;
  readonly record?: Partial<ConsumerRecord>;
  readonly envelope?: Partial<RequestEnvelope>;
  readonly caller?: CallerAddress;
  readonly receivedAtMs?: number;
}

/** A call with a payload in JSON, appended at time 0. */
export const incomingCall = (parts: IncomingCallParts = {}): IncomingCall =>
  new IncomingCall(parts.message ?? request(), {
    envelope: requestEnvelope(parts.envelope),
    record: consumed(parts.record ?? {}),
    caller: parts.caller ?? { id: CLIENT_ID, replies: REPLIES },
    receivedAtMs: parts.receivedAtMs ?? 1,
    onFinished: () => undefined,
    onDropped: () => undefined,
    pledge: () => () => undefined,
  });
