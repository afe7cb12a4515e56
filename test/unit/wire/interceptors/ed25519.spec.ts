import { createPrivateKey, createPublicKey } from 'node:crypto';
import { ED25519 } from '../../../../lib/wire/interceptors/ed25519.js';

const hex = (text: string) => Buffer.from(text, 'hex');

/** RFC 8410: what stands before the 32 bytes of a private key. */
const PKCS8 = hex('302e020100300506032b657004220420');

describe('ed25519', () => {
  it.each([
    [
      1,
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      2,
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
  ])('gives test %i of RFC 8032', (_test, seed, message, expected) => {
    const privateKey = createPrivateKey({
      key: Buffer.concat([PKCS8, hex(seed)]),
      format: 'der',
      type: 'pkcs8',
    });
    const key = { kind: 'signing', privateKey, publicKey: createPublicKey(privateKey) } as const;
    const signed = { associatedData: Buffer.alloc(0), body: hex(message) };
    expect(ED25519.sign(key, signed, 'request').toString('hex')).toBe(expected);
    expect(ED25519.verify(key, signed, hex(expected), 'request')).toBe(true);
    expect(ED25519.verify(key, signed, hex(expected.replace(/^../, '00')), 'request')).toBe(false);
  });
});
