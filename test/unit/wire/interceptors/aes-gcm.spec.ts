import { createSecretKey, randomBytes } from 'node:crypto';
import { seal, unseal } from '../../../../lib/wire/interceptors/aes-gcm.js';

const sealing = {
  key: createSecretKey(randomBytes(32)),
  nonce: randomBytes(12),
  associatedData: Buffer.from('beside'),
};

describe('unseal()', () => {
  it.each([0, 1, 4, 8, 12, 13, 14, 15, 17, 32])('takes no tag of %i bytes', (length) => {
    const { ciphertext, tag } = seal(sealing, Buffer.from('payload'));
    const other = Buffer.concat([tag, tag]).subarray(0, length);
    expect(unseal(sealing, ciphertext, other)).toBeUndefined();
    expect(unseal(sealing, ciphertext, tag)?.toString()).toBe('payload');
  });
});
