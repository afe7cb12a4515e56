import { createSecretKey } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { deriveBytes, deriveFromPassphrase, purposeLabel } from '../../../../lib/wire/keyring/derive.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('deriveBytes() is HKDF-SHA256', () => {
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

  it('gives other bytes for another purpose or direction', () => {
    const master = createSecretKey(Buffer.alloc(32, 1));
    const labels = [
      purposeLabel('encryption', 'request'),
      purposeLabel('encryption', 'reply'),
      purposeLabel('hmac', 'reply'),
    ];
    const keys = labels.map((label) => deriveBytes(master, Buffer.alloc(0), label, 32).toString('hex'));
    expect(new Set(keys).size).toBe(3);
  });
});

describe('deriveFromPassphrase() is scrypt', () => {
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
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    await deriveFromPassphrase('correct horse battery staple', Buffer.alloc(16, 7), 32);
    delay.disable();
    expect(delay.max / 1e6).toBeLessThanOrEqual(50);
  });
});
