import { createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { seal, unseal } from '../../lib/wire/interceptors/aes-gcm.js';
import { crc32c } from '../../lib/checksum/crc32c.js';
import { ED25519 } from '../../lib/wire/interceptors/ed25519.js';
import { deriveBytes, deriveFromPassphrase } from '../../lib/wire/keyring/derive.js';

const hex = (text: string) => Buffer.from(text, 'hex');

it('Published vectors meet the built package: what is named lib here is dist', () => {
  expect(require.resolve('../../lib/wire/interceptors/aes-gcm.js')).toMatch(/\bdist\b/);
});

describe('S7, AES-256-GCM', () => {
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

  it('gives test case 16 of the GCM specification (McGrew and Viega)', () => {
    expect(seal({ key, nonce, associatedData }, plaintext)).toEqual({ ciphertext, tag });
    expect(unseal({ key, nonce, associatedData }, ciphertext, tag)).toEqual(plaintext);
  });

  it('gives test case 13: no plaintext, no associated data', () => {
    const sealing = {
      key: createSecretKey(Buffer.alloc(32)),
      nonce: Buffer.alloc(12),
      associatedData: Buffer.alloc(0),
    };
    const sealed = seal(sealing, Buffer.alloc(0));
    expect(sealed.tag.toString('hex')).toBe('530f8afbc74536b9a963b4f1c4cb738b');
    expect(unseal(sealing, sealed.ciphertext, sealed.tag)).toHaveLength(0);
  });
});

/** RFC 8410: what stands before the 32 bytes of a private key. */
const PKCS8 = hex('302e020100300506032b657004220420');

describe('S7, Ed25519', () => {
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

describe('S7, CRC32C', () => {
  it.each<[string, Uint8Array, number]>([
    ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    ['31 to 0', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
    [
      'an iSCSI read command',
      Buffer.from(
        '01c00000000000000000000000000000140000000000040000000014000000182800000000000000' +
          '0200000000000000',
        'hex',
      ),
      0xd9963a56,
    ],
    ['the usual check', Buffer.from('123456789'), 0xe3069283],
    ['nothing', Buffer.alloc(0), 0],
  ])('gives the vector of RFC 3720 for %s', (_name, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});

describe('S9, HKDF-SHA256', () => {
  it('gives test case 1 of RFC 5869', () => {
    const master = createSecretKey(Buffer.alloc(22, 0x0b));
    const okm = deriveBytes(master, hex('000102030405060708090a0b0c'), hex('f0f1f2f3f4f5f6f7f8f9'), 42);
    expect(okm.toString('hex')).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    );
  });

  it('gives test case 3 of RFC 5869, without salt and info', () => {
    const okm = deriveBytes(createSecretKey(Buffer.alloc(22, 0x0b)), Buffer.alloc(0), '', 42);
    expect(okm.toString('hex')).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    );
  });
});

describe('S12, scrypt', () => {
  it.each([
    [
      'password',
      'NaCl',
      { N: 1024, r: 8, p: 16 },
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    ],
    [
      'pleaseletmein',
      'SodiumChloride',
      { N: 16384, r: 8, p: 1 },
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
    ],
  ])('gives the vector of RFC 7914 for %s', async (passphrase, salt, cost, expected) => {
    const key = await deriveFromPassphrase(passphrase, Buffer.from(salt), 64, cost);
    expect(key.export().toString('hex')).toBe(expected);
  });

  it('leaves the event loop free at its full cost', async () => {
    const before = performance.eventLoopUtilization();
    await deriveFromPassphrase('correct horse battery staple', Buffer.alloc(16, 7), 32);
    // The part of the time in which the loop worked, and did not wait: on a busy machine as well.
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5);
  });
});
