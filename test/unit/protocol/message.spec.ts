import { isDeepStrictEqual } from 'node:util';
import { RpcError } from '../../../lib/errors/rpc-error.js';
import { ByteWriter } from '../../../lib/protocol/byte-writer.js';
import { ByteReader } from '../../../lib/protocol/byte-reader.js';
import { decodeMessage } from '../../../lib/protocol/message-decoder.js';
import { encodeMessage } from '../../../lib/protocol/message-encoder.js';
import type { Message, RequestMessage } from '../../../lib/protocol/message.js';
import { request } from '../../support/incoming-calls.js';
import { seededRandom } from '../../support/seeded-random.js';
import { bytesOf, GOLDEN_MESSAGES } from './golden-bytes.js';
import { randomMessage } from './random-messages.js';

const LENGTH_BYTES = 4;

/** Without its length. */
const encode = (message: Message): Buffer => {
  const writer = new ByteWriter();
  encodeMessage(writer, message);
  return writer.finish().subarray(LENGTH_BYTES);
};

const decode = (bytes: Buffer): Message => decodeMessage(new ByteReader(bytes));

/** Headers have no prototype when they are read. */
const plain = (message: Message): object =>
  'headers' in message ? { ...message, headers: { ...message.headers } } : message;

const errorOf = (bytes: Buffer): RpcError | undefined => {
  try {
    decode(bytes);
    return undefined;
  } catch (error) {
    if (!(error instanceof RpcError) || error.status !== 'INVALID_ARGUMENT') throw error;
    return error;
  }
};

describe('a message', () => {
  it('comes back as it went: 2,000 random ones', () => {
    const random = seededRandom(1);
    for (let i = 0; i < 2_000; i++) {
      const message = randomMessage(random);
      const decoded = decode(encode(message));
      // Quicker than toEqual(), which is left to tell what differs.
      if (!isDeepStrictEqual(plain(decoded), plain(message))) expect(decoded).toEqual(message);
    }
  });

  it('has a length before it that counts what follows', () => {
    const random = seededRandom(4);
    for (let i = 0; i < 100; i++) {
      const writer = new ByteWriter();
      encodeMessage(writer, randomMessage(random));
      const bytes = writer.finish();
      expect(bytes.readUInt32BE(0)).toBe(bytes.length - LENGTH_BYTES);
    }
  });

  it.each(GOLDEN_MESSAGES)(
    'that ends too early never fails otherwise than typed: $name, cut at every byte',
    (golden) => {
      const bytes = bytesOf(golden).subarray(LENGTH_BYTES);
      const fixed = fixedBytesOf(golden.value);
      for (let length = 0; length < bytes.length; length++) {
        const error = errorOf(bytes.subarray(0, length));
        expect([length, error === undefined]).toEqual([length, length >= fixed]);
      }
    },
  );

  it('with any byte changed never fails otherwise than typed: 5,000 mutants', () => {
    const random = seededRandom(8);
    for (let i = 0; i < 5_000; i++) {
      const bytes = Buffer.from(encode(randomMessage(random)));
      bytes[random.integer(bytes.length)] = random.integer(256);
      errorOf(bytes);
    }
  });

  it.each([0, 99, 142, 255])('of kind %i is refused, naming the kind', (kind) => {
    const bytes = Buffer.concat([Buffer.from([kind]), Buffer.alloc(100)]);
    expect(errorOf(bytes)!.message).toBe(
      `Malformed record: message kind ${kind} is unknown to this version.`,
    );
  });

  it('that is a cancel is refused with bytes behind it', () => {
    const bytes = Buffer.concat([encode({ kind: 'cancel', seq: 1 }), Buffer.from([0])]);
    expect(errorOf(bytes)!.message).toContain('cancel has 1 bytes too many');
  });

  it('that is a ping is read with bytes behind it, which a later release may add', () => {
    const ping = { kind: 'ping', seq: 1, asks: 200, server: null } as const;
    expect(decode(Buffer.concat([encode(ping), Buffer.from([1, 2, 3])]))).toEqual(ping);
  });

  it('with a status that this version does not know has UNKNOWN', () => {
    const golden = GOLDEN_MESSAGES.find(({ name }) => name === 'error')!;
    for (const code of [0, 17, 255]) {
      const bytes = Buffer.from(bytesOf(golden).subarray(LENGTH_BYTES));
      bytes[11] = code;
      expect(decode(bytes)).toMatchObject({ status: 'UNKNOWN' });
    }
  });

  it('with a header that every object has gets it as its own', () => {
    const headers = JSON.parse('{"__proto__":"a","toString":"b"}') as Record<string, string>;
    const { headers: decoded } = decode(encode(request({ headers }))) as RequestMessage;
    expect(Object.keys(decoded).sort()).toEqual(['__proto__', 'toString']);
    expect(Object.getPrototypeOf(decoded)).toBeNull();
  });

  it('with a header that stands twice has the last', () => {
    const once = encode(request({ headers: { a: '1', b: '2' } }));
    const twice = Buffer.from(once.toString('latin1').replace('\u0001b', '\u0001a'), 'latin1');
    expect({ ...(decode(twice) as RequestMessage).headers }).toEqual({ a: '2' });
  });

  it('tells a key that is empty from none', () => {
    const keyOf = (key: Buffer | null): Buffer | null =>
      (decode(encode(request({ key }))) as RequestMessage).key;
    expect(keyOf(Buffer.alloc(0))).toEqual(Buffer.alloc(0));
    expect(keyOf(null)).toBeNull();
  });
});

/** Where what may be left out begins: the payload, metadata or details at the end. */
const fixedBytesOf = (message: Message): number => {
  const bytes = encode(message).length;
  switch (message.kind) {
    case 'idempotent':
    case 'request':
    case 'event':
    case 'deferred':
    case 'next':
    case 'progress':
    case 'pong':
      return bytes - message.payload.length;
    case 'result':
      return (
        bytes - ('payload' in message.end ? (message.end.payload?.length ?? 0) : message.end.details.length)
      );
    case 'complete':
      return bytes - (message.payload?.length ?? 0);
    case 'error':
      return bytes - message.details.length;
    case 'credit':
      return bytes - (message.bytes === undefined ? 0 : 4);
    default:
      return bytes;
  }
};
