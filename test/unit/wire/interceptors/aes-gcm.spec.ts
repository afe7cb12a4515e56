import { createSecretKey } from 'node:crypto';
import { seal, unseal } from '../../../../lib/wire/interceptors/aes-gcm.js';

const hex = (text: string) => Buffer.from(text, 'hex');
const key = createSecretKey(hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'));
const nonce = hex('cafebabefacedbaddecaf888');
const associatedData = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2');
const plaintext = hex(
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
);
const ciphertext = hex(
  '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
);
const tag = hex('76fc6ece0f4e1768cddf8853bb2d551b');

describe('seal() and unseal()', () => {
  it('give test case 16 of the GCM specification (McGrew and Viega)', () => {
    expect(seal({ key, nonce, associatedData }, plaintext)).toEqual({ ciphertext, tag });
    expect(unseal({ key, nonce, associatedData }, ciphertext, tag)).toEqual(plaintext);
  });

  it('give test case 13: no plaintext, no associated data', () => {
    const sealing = {
      key: createSecretKey(Buffer.alloc(32)),
      nonce: Buffer.alloc(12),
      associatedData: Buffer.alloc(0),
    };
    const sealed = seal(sealing, Buffer.alloc(0));
    expect(sealed.tag.toString('hex')).toBe('530f8afbc74536b9a963b4f1c4cb738b');
    expect(unseal(sealing, sealed.ciphertext, sealed.tag)).toHaveLength(0);
  });

  it.each([0, 1, 4, 8, 12, 13, 14, 15, 17, 32])('takes no tag of %i bytes', (length) => {
    const other = Buffer.concat([tag, tag]).subarray(0, length);
    expect(unseal({ key, nonce, associatedData }, ciphertext, other)).toBeUndefined();
  });
});
