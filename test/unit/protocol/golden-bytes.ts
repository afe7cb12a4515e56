import type { Envelope } from '../../../lib/protocol/envelope.js';
import type { RefusalMessage } from '../../../lib/protocol/refusal-notice.js';
import type { Message } from '../../../lib/protocol/message.js';

const CLIENT = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const SERVER = Buffer.from('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', 'hex');
const EMPTY = Buffer.alloc(0);
const RECEIVED_AT_MS = 1_700_000_000_002;
const REPLIED_AT_MS = 1_700_000_000_003.25;

/** A value and its only encoding: changing one of these bytes is a new version of the protocol. */
export interface Golden<T> {
  /** Also the name of the hex block in docs/protocol.md. */
  readonly name: string;
  readonly value: T;
  readonly hex: string;
}

export const GOLDEN_ENVELOPES: readonly Golden<Envelope>[] = [
  {
    name: 'request-envelope',
    value: {
      direction: 'request',
      sender: CLIENT,
      contentType: 'json',
      stages: '',
      replyTo: { topic: 'rpc.replies', partition: 5 },
    },
    hex: `01 01 000102030405060708090a0b0c0d0e0f 0004 6a736f6e 0000 000b 7270632e7265706c696573 00000005`,
  },
  {
    name: 'request-envelope-without-reply-address',
    value: {
      direction: 'request',
      sender: CLIENT,
      contentType: 'msgpack',
      stages: 'compression+encryption',
      replyTo: null,
    },
    hex: `01 01 000102030405060708090a0b0c0d0e0f 0007 6d73677061636b
      0016 636f6d7072657373696f6e2b656e6372797074696f6e 0000 00000000`,
  },
  {
    name: 'reply-envelope',
    value: { direction: 'reply', sender: SERVER, contentType: 'json', stages: '', recipient: CLIENT },
    hex: `01 02 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff 0004 6a736f6e 0000 000102030405060708090a0b0c0d0e0f`,
  },
  {
    name: 'refusal-envelope',
    value: { direction: 'refusal', sender: SERVER, recipient: CLIENT },
    hex: `01 03 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff 0000 0000 000102030405060708090a0b0c0d0e0f`,
  },
];

export const GOLDEN_REFUSALS: readonly Golden<RefusalMessage>[] = [
  {
    name: 'refusal-stages',
    value: { code: 'stages', topic: 'rpc.sum.requests', serverStages: 'a+b', stage: '', keyId: '' },
    hex: `01 0010 7270632e73756d2e7265717565737473 0003 612b62 0000 0000`,
  },
  {
    name: 'refusal-not-authentic',
    value: { code: 'not-authentic', topic: 'rpc.sum.requests', serverStages: 'a+b', stage: 'b', keyId: 'k1' },
    hex: `02 0010 7270632e73756d2e7265717565737473 0003 612b62 0001 62 0002 6b31`,
  },
];

export const GOLDEN_MESSAGES: readonly Golden<Message>[] = [
  {
    name: 'request',
    value: {
      kind: 'request',
      seq: 7,
      attempt: 1,
      ttlMs: 10_000,
      sentAtMs: 1_700_000_000_000.5,
      pattern: 'sum.add',
      key: Buffer.from('k1'),
      headers: { lang: 'en' },
      metadata: EMPTY,
      payload: Buffer.from('{"a":1,"b":2}'),
    },
    hex: `00000040 01 000000000007 01 00002710 4278bcfe56800800 0007 73756d2e616464 00000002 6b31
      0001 0004 6c616e67 0002 656e 00000000 7b2261223a312c2262223a327d`,
  },
  {
    name: 'event',
    value: {
      kind: 'event',
      seq: 8,
      attempt: 1,
      ttlMs: 0,
      sentAtMs: 1_700_000_000_001,
      pattern: '{"cmd":"done"}',
      key: null,
      headers: {},
      metadata: Buffer.from('{"t":"1"}'),
      payload: Buffer.from('[]'),
    },
    hex: `00000039 02 000000000008 01 00000000 4278bcfe56801000 000e 7b22636d64223a22646f6e65227d ffffffff
      0000 00000009 7b2274223a2231227d 5b5d`,
  },
  {
    name: 'next',
    value: { kind: 'next', seq: 7, run: 1, index: 0, payload: Buffer.from('"first"') },
    hex: '00000016 03 000000000007 00000001 00000000 22666972737422',
  },
  {
    name: 'headers',
    value: { kind: 'headers', seq: 7, run: 1, headers: { etag: 'v5' } },
    hex: '00000017 0d 000000000007 00000001 0001 0004 65746167 0002 7635',
  },
  {
    name: 'progress',
    value: { kind: 'progress', seq: 7, run: 1, index: 0, payload: Buffer.from('50') },
    hex: '00000011 0e 000000000007 00000001 00000000 3530',
  },
  {
    name: 'complete',
    value: {
      kind: 'complete',
      seq: 7,
      run: 1,
      index: 0,
      receivedAtMs: RECEIVED_AT_MS,
      repliedAtMs: REPLIED_AT_MS,
      payload: Buffer.from('3'),
    },
    hex: '00000021 04 000000000007 00000001 00000000 4278bcfe56802000 4278bcfe56803400 01 33',
  },
  {
    name: 'complete-without-payload',
    value: {
      kind: 'complete',
      seq: 7,
      run: 1,
      index: 2,
      receivedAtMs: RECEIVED_AT_MS,
      repliedAtMs: REPLIED_AT_MS,
      payload: null,
    },
    hex: '00000020 04 000000000007 00000001 00000002 4278bcfe56802000 4278bcfe56803400 00',
  },
  {
    name: 'error',
    value: {
      kind: 'error',
      seq: 7,
      run: 1,
      status: 'UNAVAILABLE',
      retryable: true,
      receivedAtMs: RECEIVED_AT_MS,
      repliedAtMs: REPLIED_AT_MS,
      message: 'Kein Anschluß.',
      details: Buffer.from('{"id":7}'),
    },
    hex: `00000036 05 000000000007 00000001 0e 01 4278bcfe56802000 4278bcfe56803400
      000f 4b65696e20416e7363686c75c39f2e 7b226964223a377d`,
  },
  { name: 'cancel', value: { kind: 'cancel', seq: 7 }, hex: '00000007 06 000000000007' },
  {
    name: 'credit',
    value: { kind: 'credit', seq: 7, count: 16, bytes: 65_536 },
    hex: '0000000f 07 000000000007 00000010 00010000',
  },
  {
    name: 'sign-of-life',
    value: { kind: 'credit', seq: 7, count: 0 },
    hex: '0000000b 07 000000000007 00000000',
  },
  {
    name: 'ping',
    value: { kind: 'ping', seq: 9, asks: 1, server: null },
    hex: '00000009 08 000000000009 01 00',
  },
  {
    name: 'ping-to-one',
    value: { kind: 'ping', seq: 9, asks: 2, server: SERVER },
    hex: '00000019 08 000000000009 02 01 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
  },
  {
    name: 'pong',
    value: {
      kind: 'pong',
      seq: 9,
      receivedAtMs: RECEIVED_AT_MS,
      repliedAtMs: REPLIED_AT_MS,
      payload: Buffer.from('{}'),
    },
    hex: '00000019 09 000000000009 4278bcfe56802000 4278bcfe56803400 7b7d',
  },
  {
    name: 'deferred',
    value: {
      kind: 'deferred',
      seq: 12,
      attempt: 1,
      ttlMs: 0,
      sentAtMs: 1_700_000_000_001,
      pattern: 'paid',
      key: Buffer.from('k1'),
      headers: {},
      metadata: EMPTY,
      payload: Buffer.from('[]'),
      invokes: 'event',
      dueAtMs: 1_700_000_000_002,
      runs: 2,
      redriven: 1,
      contentType: 'json',
      origin: {
        sender: CLIENT,
        seq: 8,
        topic: 'rpc.sum.requests',
        partition: 3,
        offset: 4_294_967_297n,
        timestampMs: 1_700_000_000_001,
      },
      firstError: { status: 'UNAVAILABLE', message: 'no', atMs: 1_700_000_000_001 },
      lastError: null,
    },
    hex: `00000089 0a 00000000000c 01 00000000 4278bcfe56801000 0004 70616964 00000002 6b31 0000 00000000
      02 4278bcfe56802000 00000002 0001 0004 6a736f6e
      01 000102030405060708090a0b0c0d0e0f 000000000008 0010 7270632e73756d2e7265717565737473 00000003
      00000001 00000001 4278bcfe56801000 01 0e 0002 6e6f 4278bcfe56801000 00 5b5d`,
  },
  {
    name: 'idempotent',
    value: {
      kind: 'idempotent',
      seq: 7,
      attempt: 1,
      ttlMs: 10_000,
      sentAtMs: 1_700_000_000_000.5,
      pattern: 'pay',
      key: null,
      headers: {},
      metadata: EMPTY,
      idempotencyKey: 'order-1',
      payload: Buffer.from('{}'),
    },
    hex: `0000002e 0b 000000000007 01 00002710 4278bcfe56800800 0003706179 ffffffff 0000 00000000
      00076f726465722d31 7b7d`,
  },
  {
    name: 'result',
    value: {
      kind: 'result',
      seq: 1,
      keyDigest: Buffer.from('0bafe22156d2698c143b86040446d366ead863ba600d5c924f3d15c786ef4057', 'hex'),
      requestDigest: Buffer.from('f2a69b6500e7edd44c0445330e8bbe4739d755a5888a98dd188d2f354fac842e', 'hex'),
      doneAtMs: 1_700_000_000_002,
      pattern: 'pay',
      caller: CLIENT,
      callSeq: 7,
      end: { status: 'OK', payload: Buffer.from('3') },
    },
    hex: `0000006d 0c 000000000001 0bafe22156d2698c143b86040446d366ead863ba600d5c924f3d15c786ef4057
      f2a69b6500e7edd44c0445330e8bbe4739d755a5888a98dd188d2f354fac842e 4278bcfe56802000
      0003706179 000102030405060708090a0b0c0d0e0f 000000000007 00 01 33`,
  },
  {
    name: 'result-error',
    value: {
      kind: 'result',
      seq: 2,
      keyDigest: Buffer.from('0bafe22156d2698c143b86040446d366ead863ba600d5c924f3d15c786ef4057', 'hex'),
      requestDigest: Buffer.from('f2a69b6500e7edd44c0445330e8bbe4739d755a5888a98dd188d2f354fac842e', 'hex'),
      doneAtMs: 1_700_000_000_002,
      pattern: 'pay',
      caller: CLIENT,
      callSeq: 7,
      end: { status: 'NOT_FOUND', message: 'no', details: Buffer.from('{}') },
    },
    hex: `00000071 0c 000000000002 0bafe22156d2698c143b86040446d366ead863ba600d5c924f3d15c786ef4057
      f2a69b6500e7edd44c0445330e8bbe4739d755a5888a98dd188d2f354fac842e 4278bcfe56802000
      0003706179 000102030405060708090a0b0c0d0e0f 000000000007 05 00026e6f 7b7d`,
  },
  {
    name: 'result-nothing',
    value: {
      kind: 'result',
      seq: 3,
      keyDigest: Buffer.from('0bafe22156d2698c143b86040446d366ead863ba600d5c924f3d15c786ef4057', 'hex'),
      requestDigest: Buffer.from('f2a69b6500e7edd44c0445330e8bbe4739d755a5888a98dd188d2f354fac842e', 'hex'),
      doneAtMs: 1_700_000_000_002,
      pattern: 'pay',
      caller: CLIENT,
      callSeq: 7,
      end: { status: 'OK', payload: null },
    },
    hex: `0000006c 0c 000000000003 0bafe22156d2698c143b86040446d366ead863ba600d5c924f3d15c786ef4057
      f2a69b6500e7edd44c0445330e8bbe4739d755a5888a98dd188d2f354fac842e 4278bcfe56802000
      0003706179 000102030405060708090a0b0c0d0e0f 000000000007 00 00`,
  },
];

export const bytesOf = ({ hex }: Golden<unknown>): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
