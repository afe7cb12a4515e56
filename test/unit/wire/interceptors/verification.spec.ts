import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { verification, type VerificationOptions } from '../../../../lib/wire/interceptors/verification.js';
import { keyring } from '../../../../lib/wire/keyring/keyring.js';
import { payloadOf, refusalOf, replyContext, requestContext } from './wire-context.js';

const k1 = randomBytes(32);
const k2 = randomBytes(32);
const pair = generateKeyPairSync('ed25519');
const secrets = keyring({ current: 'k1', keys: { k1, k2 } });
const pairs = keyring({ current: 'p1', keys: { p1: pair } });
const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest();
const context = requestContext();

const ALL: readonly [string, VerificationOptions, number][] = [
  ['hmac-sha256', { keyring: secrets }, 36],
  ['ed25519', { keyring: pairs, algorithm: 'ed25519' }, 68],
  ['crc32c', { algorithm: 'crc32c' }, 5],
  ['custom', { sign: hash, verify: (bytes, given) => hash(bytes).equals(given) }, 35],
];

describe.each(ALL)('verification() by %s', (name, options, overhead) => {
  const stage = verification(options);
  const encoded = (length: number, around = context) => stage.encode(payloadOf(length), around) as Buffer;

  it('has its algorithm in its name, so that another is refused by name', () => {
    expect(stage.name).toBe(`verification:${name}`);
  });

  it.each([0, 1, 100, 65_536])('brings back %i bytes, without a promise', (length) => {
    const bytes = payloadOf(length);
    for (const around of [requestContext(), replyContext()]) {
      const signed = stage.encode(bytes, around) as Buffer;
      expect(signed).toHaveLength(length + overhead);
      expect((stage.decode(signed, around) as Buffer).equals(bytes)).toBe(true);
    }
  });

  it('refuses every cut and every flipped byte with a typed error', () => {
    const signed = encoded(20);
    for (let at = 0; at < signed.length; at++) {
      const flipped = Buffer.from(signed);
      flipped[at]! ^= 1 << (at % 8);
      for (const bad of [flipped, signed.subarray(0, at)]) {
        expect(['UNAUTHENTICATED', 'DATA_LOSS']).toContain(
          refusalOf(() => stage.decode(bad, context)).status,
        );
      }
    }
  });

  it('refuses a record that was moved', () => {
    const signed = encoded(20);
    for (const other of [
      requestContext('other'),
      requestContext(undefined, 9),
      requestContext(undefined, undefined, 2),
      replyContext('rpc.sum.requests'),
    ]) {
      expect(() => stage.decode(signed, other)).toThrow();
    }
  });
});

describe('verification()', () => {
  it('has one text for all keyed failures, and the reason in the cause', () => {
    const stage = verification({ keyring: secrets });
    const signed = stage.encode(Buffer.from('x'), context) as Buffer;
    const other = verification({ keyring: keyring({ current: 'k2', keys: { k2 } }) });
    const changed = Buffer.from(signed);
    changed[changed.length - 1]! ^= 1;
    const refusals = [
      refusalOf(() => stage.decode(signed.subarray(0, 20), context)),
      refusalOf(() => other.decode(signed, context)),
      refusalOf(() => stage.decode(changed, context)),
    ];
    expect(refusals.map(({ cause }) => cause)).toEqual([
      { reason: 'structure' },
      { reason: 'unknown-key', keyId: 'k1' },
      { reason: 'mismatch', keyId: 'k1' },
    ]);
    expect(new Set(refusals.map(({ message }) => message)).size).toBe(1);
  });

  it('reads Ed25519 records with the public half alone', () => {
    const signed = verification({ keyring: pairs, algorithm: 'ed25519' }).encode(Buffer.from('x'), context);
    const mine = generateKeyPairSync('ed25519');
    const reader = keyring({ current: 'me', keys: { me: mine, p1: { publicKey: pair.publicKey } } });
    const stage = verification({ keyring: reader, algorithm: 'ed25519' });
    expect((stage.decode(signed as Buffer, context) as Buffer).toString()).toBe('x');
  });

  it('takes signatures that are made and checked asynchronously', async () => {
    const stage = verification({
      name: 'kms',
      sign: (bytes) => Promise.resolve(hash(bytes)),
      verify: (bytes, given) => Promise.resolve(hash(bytes).equals(given)),
    });
    expect(stage.name).toBe('verification:kms');
    const signed = await stage.encode(Buffer.from('x'), context);
    await expect(stage.decode(signed, context)).resolves.toEqual(Buffer.from('x'));
    await expect(stage.decode(signed, requestContext('other'))).rejects.toMatchObject({
      status: 'UNAUTHENTICATED',
    });
  });

  it('takes the thenables of a library, which are no promises of this realm', async () => {
    const thenable = <T>(value: T): Promise<T> =>
      ({ then: (done: (value: T) => void) => done(value) }) as unknown as Promise<T>;
    const stage = verification({
      sign: (bytes) => thenable(hash(bytes)),
      verify: (bytes, given) => thenable(hash(bytes).equals(given)),
    });
    const signed = await stage.encode(Buffer.from('x'), context);
    await expect(stage.decode(signed, context)).resolves.toEqual(Buffer.from('x'));
    await expect(stage.decode(signed, requestContext('other'))).rejects.toMatchObject({
      status: 'UNAUTHENTICATED',
    });
  });

  it.each([
    ['throws', () => { throw new Error('no'); }], // prettier-ignore
    ['rejects', () => Promise.reject(new Error('no'))],
    ['gives an object', () => ({ valid: false }) as unknown as boolean],
  ])('refuses when verify() %s', async (_name, verify) => {
    const stage = verification({ sign: hash, verify });
    const signed = stage.encode(Buffer.from('x'), context) as Buffer;
    await expect((async () => stage.decode(signed, context))()).rejects.toMatchObject({
      status: 'UNAUTHENTICATED',
    });
  });

  it.each([0, 65_536])('fails the sender whose sign() gives %i bytes', (length) => {
    const stage = verification({ sign: () => Buffer.alloc(length), verify: () => true });
    expect(() => stage.encode(Buffer.from('x'), context)).toThrow('1 to 65535');
  });

  it.each<[string, unknown]>([
    ['no options', {}],
    ['a key instead of a keyring', { keyring: 'the secret passphrase' }],
    ['an unknown algorithm', { keyring: secrets, algorithm: 'none' }],
    ['secret keys for ed25519', { keyring: secrets, algorithm: 'ed25519' }],
    ['key pairs for hmac', { keyring: pairs }],
    ['a keyring for crc32c', { keyring: secrets, algorithm: 'crc32c' }],
    ['half of a signature', { sign: hash }],
    ['a mixture', { sign: hash, verify: () => true, keyring: secrets }],
  ])('refuses %s', (_name, options) => {
    const refusal = refusalOf(() => verification(options as VerificationOptions));
    expect(refusal).toMatchObject({ status: 'INVALID_ARGUMENT' });
    expect(refusal.message).not.toContain('secret passphrase');
  });
});
