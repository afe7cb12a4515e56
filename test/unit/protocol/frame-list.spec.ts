import type { RpcError } from '../../../lib/errors/rpc-error.js';
import { decodeFrameList } from '../../../lib/protocol/frame-list.js';
import type { Message } from '../../../lib/protocol/message.js';
import { frameList } from '../../support/raw-records.js';
import { seededRandom } from '../../support/seeded-random.js';
import { randomMessage } from './random-messages.js';

const cancel = (seq: number): Message => ({ kind: 'cancel', seq });
const seqsOf = (messages: readonly Message[]): number[] => messages.map(({ seq }) => seq);

describe('a frame list', () => {
  let errors: RpcError[];

  beforeEach(() => {
    errors = [];
  });

  const decode = (...parts: Buffer[]): Message[] =>
    decodeFrameList(Buffer.concat(parts), (error) => errors.push(error));

  it('may be empty', () => {
    expect([decode(), errors]).toEqual([[], []]);
  });

  it('gives its messages in their order', () => {
    const random = seededRandom(6);
    const messages = Array.from({ length: 300 }, () => randomMessage(random));
    expect(decode(frameList(...messages))).toEqual(messages);
    expect(errors).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['of an unknown kind', '00000007 63 000000000001', 'message kind 99 is unknown'],
    ['that ends too early', '00000003 06 0000', '4 bytes were announced where 0 are left'],
    ['with bytes too many', '00000009 06 000000000001 0000', 'cancel has 2 bytes too many'],
    ['without a byte', '00000000', '1 bytes were announced where 0 are left'],
  ])('goes on behind a message %s', (_what, hex, reason) => {
    const bad = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(seqsOf(decode(frameList(cancel(1)), bad, frameList(cancel(2)), bad))).toEqual([1, 2]);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatchObject({ status: 'INVALID_ARGUMENT' });
    expect(errors[0]!.message).toContain(reason);
  });

  it.each([
    ['a length that exceeds it', 'ffffffff'],
    ['a length that exceeds it by one', '00000008 06 000000000001'],
    ['a part of a length', '000000'],
  ])('ends at %s: nothing behind can be trusted', (_what, hex) => {
    const bad = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(seqsOf(decode(frameList(cancel(1)), bad))).toEqual([1]);
    expect(errors).toMatchObject([
      { message: 'Malformed record: the message at byte 11 is longer than the record.' },
    ]);
  });

  it('cut at any byte gives what is whole, and never throws', () => {
    const whole = frameList(cancel(1), cancel(2), cancel(3));
    for (let length = 0; length <= whole.length; length++) {
      errors = [];
      const messages = decode(whole.subarray(0, length));
      expect(messages).toHaveLength(Math.floor(length / 11));
      expect(errors).toHaveLength(length % 11 === 0 ? 0 : 1);
    }
  });

  it('of 5,000 times random bytes never throws', () => {
    const random = seededRandom(12);
    for (let i = 0; i < 5_000; i++) {
      decode(Buffer.from(Array.from({ length: random.integer(80) }, () => random.integer(256) & 15)));
    }
  });
});
