import * as crypto from 'node:crypto';
import { encryption, keyring, verification, type WireInterceptor } from 'nestjs-kafka-rpc';
import { KeyRotation } from '../support/key-rotation.js';
import { refusalOf, requestContext } from '../unit/wire/interceptors/wire-context.js';

const k1 = crypto.randomBytes(32);
const k2 = crypto.randomBytes(32);
const context = requestContext();

describe('S11, key rotation', () => {
  it('fails no record while five sides change their keys step by step', async () => {
    const rotation = new KeyRotation(5);
    const sides = rotation.rings.map((ring): WireInterceptor[] => [
      encryption({ keyring: ring }),
      verification({ keyring: ring }),
    ]);
    const everyoneReadsEveryone = () => {
      for (const [encrypt, verify] of sides) {
        const record = verify!.encode(
          encrypt!.encode(Buffer.from('x'), context) as Buffer,
          context,
        ) as Buffer;
        for (const [decrypt, check] of sides) {
          const plain = decrypt!.decode(check!.decode(record, context) as Buffer, context) as Buffer;
          expect(plain.toString()).toBe('x');
        }
      }
    };
    await rotation.run(everyoneReadsEveryone);
  });

  it('tries no key on a record of an unknown one', () => {
    const record = encryption({ keyring: keyring({ current: 'k9', keys: { k9: k1 } }) }).encode(
      Buffer.from('x'),
      context,
    );
    const ring = keyring({ current: 'k2', keys: { k1, k2 } });
    const current = jest.spyOn(ring, 'current');
    const find = jest.spyOn(ring, 'find');
    const refusal = refusalOf(() => encryption({ keyring: ring }).decode(record as Buffer, context));
    expect(refusal).toMatchObject({
      status: 'UNAUTHENTICATED',
      cause: { reason: 'unknown-key', keyId: 'k9' },
    });
    expect([find.mock.calls, current.mock.calls]).toEqual([[['k9']], []]);
  });

  it('does not repeat a forged key id that is no key id', () => {
    const forged = Buffer.concat([Buffer.from([1, 9]), Buffer.from('\n\u001b[31mno!'), Buffer.alloc(200)]);
    const stage = encryption({ keyring: keyring({ current: 'k1', keys: { k1 } }) });
    expect(refusalOf(() => stage.decode(forged, context)).cause).toEqual({ reason: 'unknown-key' });
  });
});
