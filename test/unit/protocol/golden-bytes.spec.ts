import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ByteWriter } from '../../../lib/protocol/byte-writer.js';
import { decodeEnvelope, encodeEnvelope } from '../../../lib/protocol/envelope.js';
import { decodeFrameList } from '../../../lib/protocol/frame-list.js';
import { encodeMessage } from '../../../lib/protocol/message-encoder.js';
import { MESSAGE_KINDS, type Message } from '../../../lib/protocol/message.js';
import { associatedData } from '../../../lib/wire/interceptors/associated-data.js';
import { decodeRefusal, encodeRefusal } from '../../../lib/protocol/refusal-notice.js';
import { decodeNotes, encodeNotes } from '../../../lib/protocol/reply-notes.js';
import { decodeSigns, encodeSigns } from '../../../lib/protocol/signs-of-life.js';
import { decodeCredit, encodeCredit } from '../../../lib/protocol/stream-credit.js';
import { FIRST_WINDOW } from '../../../lib/client/stream-window.js';
import { Codec } from '../../../lib/wire/codec.js';
import { json } from '../../../lib/wire/serializers/json.js';
import { bytesOf, GOLDEN_ENVELOPES, GOLDEN_MESSAGES, GOLDEN_REFUSALS } from './golden-bytes.js';

const DOCUMENT = readFileSync(path.join(__dirname, '../../../docs/protocol.md'), 'utf8');

/** The hex blocks of the document by name; what stands behind `|` is for people. */
const documented = new Map(
  [...DOCUMENT.matchAll(/```hex (\S+)\n(.*?)```/gs)].map(([, name, block]) => [
    name,
    Buffer.from(block!.replaceAll(/\|.*/g, '').replaceAll(/\s/g, ''), 'hex'),
  ]),
);

const encode = (...messages: Message[]): Buffer => {
  const writer = new ByteWriter();
  for (const message of messages) encodeMessage(writer, message);
  return writer.finish();
};

const decode = (bytes: Buffer): Message[] =>
  decodeFrameList(bytes, (error) => {
    throw error;
  });

const golden = <T>(all: readonly { readonly name: string; readonly value: T }[], name: string): T =>
  all.find((one) => one.name === name)!.value;

describe('the bytes of version 1', () => {
  it('are pinned for every kind of message', () => {
    expect(new Set(GOLDEN_MESSAGES.map(({ value }) => value.kind))).toEqual(
      new Set(Object.keys(MESSAGE_KINDS)),
    );
  });

  it.each(GOLDEN_MESSAGES)('are what $name becomes, and what becomes $name', (message) => {
    expect(encode(message.value).toString('hex')).toBe(bytesOf(message).toString('hex'));
    expect(decode(bytesOf(message))).toEqual([message.value]);
  });

  it.each(GOLDEN_ENVELOPES)('are what $name becomes, and what becomes $name', (envelope) => {
    expect(encodeEnvelope(envelope.value).toString('hex')).toBe(bytesOf(envelope).toString('hex'));
    expect(decodeEnvelope(bytesOf(envelope))).toEqual(envelope.value);
  });

  it.each(GOLDEN_REFUSALS)('are what $name becomes, and what becomes $name', (refusal) => {
    expect(encodeRefusal(refusal.value).toString('hex')).toBe(bytesOf(refusal).toString('hex'));
    expect(decodeRefusal(bytesOf(refusal))).toEqual(refusal.value);
  });

  it('follow one another in a frame list', () => {
    const all = Buffer.concat(GOLDEN_MESSAGES.map(bytesOf));
    expect(encode(...GOLDEN_MESSAGES.map(({ value }) => value)).equals(all)).toBe(true);
    expect(decode(all)).toEqual(GOLDEN_MESSAGES.map(({ value }) => value));
  });

  it.each([
    ['request', 'request-envelope', 'rpc.sum.requests', { a: 1, b: 2 }],
    ['complete', 'reply-envelope', 'rpc.replies', 3],
  ] as const)(
    'make a Kafka record of the %s: envelope as header, frame list as value',
    (name, at, topic, data) => {
      const envelope = golden(GOLDEN_ENVELOPES, at);
      const serializer = json();
      const message = { ...golden(GOLDEN_MESSAGES, name), payload: serializer.serialize(data) } as Message;
      const target = {
        direction: envelope.direction as 'request' | 'reply',
        topic,
        partition: 1,
        envelope: encodeEnvelope(envelope),
      };

      const record = new Codec(serializer).encode(encode(message), target);

      expect(record).toEqual({ headers: { rpc: documented.get(at) }, value: documented.get(name) });
    },
  );
});

describe('the associated data', () => {
  it('are those shown, for the request shown, in the place shown', () => {
    const context = {
      direction: 'request',
      topic: 'rpc.sum.requests',
      partition: 1,
      envelope: encodeEnvelope(golden(GOLDEN_ENVELOPES, 'request-envelope')),
      headers: {},
    } as const;
    const facts = { version: 1, stage: 'encryption:aes-256-gcm', keyId: 'k1' };
    expect(associatedData(facts, context).toString('hex')).toBe(
      documented.get('associated-data')?.toString('hex'),
    );
  });
});

describe('the announcement of credit', () => {
  it('is that shown, and is read back', () => {
    const credit = { values: 4_096, bytes: 1_048_576 };
    expect(documented.get('credit-header')?.toString('hex')).toBe(encodeCredit(credit).toString('hex'));
    expect(decodeCredit(encodeCredit(credit))).toEqual(credit);
    expect(FIRST_WINDOW).toEqual(credit);
  });

  it.each([
    undefined,
    Buffer.alloc(0),
    Buffer.alloc(8),
    encodeCredit({ values: 0, bytes: 1 }),
    encodeCredit({ values: 1, bytes: 0 }),
    Buffer.alloc(9, 1),
    [encodeCredit({ values: 1, bytes: 1 }), encodeCredit({ values: 1, bytes: 1 })],
  ])('is none where it is %p', (header) => expect(decodeCredit(header)).toBeUndefined());
});

describe('the announcement of signs of life', () => {
  it('is that shown, and is read back', () => {
    expect(documented.get('signs')?.toString('hex')).toBe(encodeSigns(5_000).toString('hex'));
    expect(decodeSigns(encodeSigns(5_000))).toBe(5_000);
  });

  it.each([
    undefined,
    Buffer.alloc(0),
    Buffer.alloc(4),
    Buffer.alloc(5, 1),
    [encodeSigns(1), encodeSigns(2)],
  ])('is none where it is %p', (header) => expect(decodeSigns(header)).toBeUndefined());
});

describe('the announcement of headers and progress', () => {
  it('is that shown, and is read back', () => {
    expect(documented.get('notes')?.toString('hex')).toBe(encodeNotes().toString('hex'));
    expect(decodeNotes(encodeNotes())).toBe(true);
    expect(decodeNotes(Buffer.from([0xff, 0, 0]))).toBe(true);
  });

  it.each([undefined, Buffer.alloc(0), Buffer.of(0xfe), [encodeNotes(), encodeNotes()]])(
    'is none where it is %p',
    (header) => expect(decodeNotes(header)).toBe(false),
  );
});

describe('docs/protocol.md', () => {
  it.each([...GOLDEN_ENVELOPES, ...GOLDEN_MESSAGES, ...GOLDEN_REFUSALS])(
    'shows the bytes of $name',
    (one) => {
      expect(documented.get(one.name)?.toString('hex')).toBe(bytesOf(one).toString('hex'));
    },
  );

  it('shows no bytes that are not pinned', () => {
    const pinned = [...GOLDEN_ENVELOPES, ...GOLDEN_MESSAGES, ...GOLDEN_REFUSALS]
      .map(({ name }) => name)
      .concat('associated-data', 'credit-header', 'signs', 'notes');
    expect([...documented.keys()].sort()).toEqual(pinned.sort());
  });

  it('gives every kind of message its number', () => {
    for (const [kind, number] of Object.entries(MESSAGE_KINDS)) {
      expect(DOCUMENT).toMatch(new RegExp(`^\\| ${number} +\\| ${kind} `, 'm'));
    }
  });
});
