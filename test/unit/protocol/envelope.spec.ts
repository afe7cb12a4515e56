import { RpcError } from '../../../lib/errors/rpc-error.js';
import {
  decodeEnvelope,
  encodeEnvelope,
  PROTOCOL_VERSION,
  type Envelope,
} from '../../../lib/protocol/envelope.js';
import { seededRandom } from '../../support/seeded-random.js';
import { bytesOf, GOLDEN_ENVELOPES } from './golden-bytes.js';

const errorOf = (bytes: Buffer): RpcError | undefined => {
  try {
    decodeEnvelope(bytes);
    return undefined;
  } catch (error) {
    if (!(error instanceof RpcError) || error.status !== 'INVALID_ARGUMENT') throw error;
    return error;
  }
};

const changed = (bytes: Buffer, at: number, value: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
};

const envelope = bytesOf(GOLDEN_ENVELOPES[0]!);

describe('an envelope', () => {
  it('comes back as it went: 2,000 random ones', () => {
    const random = seededRandom(3);
    const id = (): Buffer => Buffer.from(Array.from({ length: 16 }, () => random.integer(256)));
    const text = (): string => 'é'.repeat(random.integer(40));
    for (let i = 0; i < 2_000; i++) {
      const facts = { sender: id(), contentType: text(), stages: text() };
      const topic = `rpc.${random.integer(9)}`;
      const partition = random.pick([0, 1, 2 ** 32 - 1]);
      const sent = random.pick<Envelope>([
        { direction: 'reply', ...facts, recipient: id() },
        { direction: 'request', ...facts, replyTo: { topic, partition } },
        { direction: 'request', ...facts, replyTo: null },
        { direction: 'refusal', sender: id(), recipient: id() },
      ]);
      expect(decodeEnvelope(encodeEnvelope(sent))).toEqual(sent);
    }
  });

  it.each([0, 2, 255])('of version %i is refused, naming both versions', (version) => {
    expect(PROTOCOL_VERSION).toBe(1);
    expect(errorOf(changed(envelope, 0, version))!.message).toBe(
      `Malformed record: protocol version ${version} is unknown, this side speaks 1.`,
    );
  });

  it.each([0, 4, 255])('of direction %i is refused, naming it', (direction) => {
    expect(errorOf(changed(envelope, 1, direction))!.message).toContain(`direction ${direction} is unknown`);
  });

  it('of a refusal that names a content type or stages is refused', () => {
    for (const facts of [
      { contentType: 'json', stages: '' },
      { contentType: '', stages: 'a' },
    ]) {
      const id = Buffer.alloc(16, 1);
      const reply = encodeEnvelope({ direction: 'reply', sender: id, recipient: id, ...facts });
      expect(errorOf(changed(reply, 1, 3))!.message).toContain('a refusal names');
    }
  });

  it.each(GOLDEN_ENVELOPES)('with bytes behind it is refused: $name', (golden) => {
    const bytes = Buffer.concat([bytesOf(golden), Buffer.from([0])]);
    expect(errorOf(bytes)!.message).toContain('envelope has 1 bytes too many');
  });

  it.each(GOLDEN_ENVELOPES)('cut at any byte is refused, and never fails otherwise: $name', (golden) => {
    const bytes = bytesOf(golden);
    for (let length = 0; length < bytes.length; length++) {
      expect([length, errorOf(bytes.subarray(0, length)) instanceof RpcError]).toEqual([length, true]);
    }
  });

  it('with any byte changed never fails otherwise than typed', () => {
    for (const golden of GOLDEN_ENVELOPES) {
      const bytes = bytesOf(golden);
      for (let at = 0; at < bytes.length; at++) {
        for (const value of [0, 1, 0x7f, 0x80, 0xff]) errorOf(changed(bytes, at, value));
      }
    }
  });

  it('of a later version is refused before anything else of it is read', () => {
    expect(errorOf(Buffer.from([9]))!.message).toContain('protocol version 9 is unknown');
  });
});
