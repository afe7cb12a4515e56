import { randomBytes } from 'node:crypto';
import { encryption, keyring, verification, type WireContext, type WireInterceptor } from 'nestjs-kafka-rpc';
import { payloadOf, replyContext, requestContext } from '../unit/wire/interceptors/wire-context.js';

const ring = keyring({ current: 'k1', keys: { k1: randomBytes(32), k2: randomBytes(32) } });
const STAGES: readonly [string, WireInterceptor][] = [
  ['encryption', encryption({ keyring: ring })],
  ['hmac-sha256', verification({ keyring: ring })],
];

const flipped = (bytes: Buffer, at: number, mask: number): Buffer => {
  const mutant = Buffer.from(bytes);
  mutant[at]! ^= mask;
  return mutant;
};

/** Every bit of the bytes and of the envelope, every cut, and every record's own bytes in another place. */
function* mutants(bytes: Buffer, context: WireContext): Generator<[Buffer, WireContext]> {
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) yield [flipped(bytes, at, 1 << bit), context];
    yield [bytes.subarray(0, at), context];
    yield [Buffer.concat([bytes.subarray(0, at), Buffer.from([0]), bytes.subarray(at)]), context];
  }
  for (let at = 0; at < context.envelope.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      yield [bytes, { ...context, envelope: flipped(context.envelope, at, 1 << bit) }];
    }
  }
  yield [bytes, { ...context, topic: `${context.topic}x` }];
  yield [bytes, { ...context, partition: context.partition + 1 }];
  yield [bytes, { ...context, direction: context.direction === 'reply' ? 'request' : 'reply' }];
}

describe.each(STAGES)('S7, tampering: %s', (_name, stage) => {
  it('refuses every one of more than 10,000 mutants with one error', () => {
    let tried = 0;
    const accepted: number[] = [];
    const refusals = new Set<string>();
    for (const context of [requestContext(), replyContext()]) {
      const bytes = stage.encode(payloadOf(520), context) as Buffer;
      for (const [mutant, around] of mutants(bytes, context)) {
        tried++;
        try {
          stage.decode(mutant, around);
          accepted.push(tried);
        } catch (error) {
          const { name, status, message } = error as Error & { status: string };
          refusals.add(`${name} ${status} ${message}`);
        }
      }
      expect((stage.decode(bytes, context) as Buffer).length).toBe(520);
    }
    expect(tried).toBeGreaterThan(10_000);
    expect(accepted).toEqual([]);
    expect([...refusals]).toEqual([expect.stringMatching(/^RpcError UNAUTHENTICATED /)]);
  });

  it('refuses plaintext, and a record whose signature was taken off', () => {
    const context = requestContext();
    const bytes = stage.encode(payloadOf(100), context) as Buffer;
    for (const bad of [payloadOf(500), bytes.subarray(36), Buffer.alloc(0), Buffer.alloc(200, 1)]) {
      expect(() => stage.decode(bad, context)).toThrow(
        expect.objectContaining({ status: 'UNAUTHENTICATED' }),
      );
    }
  });
});
