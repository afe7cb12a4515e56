import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { keyring, type KeyringOptions } from '../../../../lib/wire/keyring/keyring.js';

const passphrase = { passphrase: 'correct horse battery staple', salt: Buffer.alloc(16, 7) };
const ids = (ring: object) => JSON.parse(JSON.stringify(ring)) as unknown;

describe('keyring()', () => {
  it('is ready at once with raw keys', () => {
    const ring = keyring({ current: 'k2', keys: { k1: randomBytes(32), k2: randomBytes(32) } });
    expect(ring.current().id).toBe('k2');
    expect(ring.find('k1')?.id).toBe('k1');
    expect(ring.find('k3')).toBeUndefined();
    expect(ring.find('constructor')).toBeUndefined();
  });

  it('keeps a copy of a raw key', () => {
    const bytes = randomBytes(32);
    const before = Buffer.from(bytes);
    const ring = keyring({ current: 'k', keys: { k: bytes } });
    bytes.fill(0);
    const { material } = ring.current();
    expect(material.kind === 'secret' && material.secret.export().equals(before)).toBe(true);
  });

  it('derives a passphrase when it opens, once', async () => {
    const ring = keyring({ current: 'k', keys: { k: passphrase } });
    expect(() => ring.current()).toThrow(expect.objectContaining({ status: 'FAILED_PRECONDITION' }));
    await Promise.all([ring.open(), ring.open()]);
    const first = ring.current();
    await ring.open();
    expect(ring.current()).toBe(first);
    const other = keyring({ current: 'k', keys: { k: passphrase } });
    await other.open();
    const secrets = [first, other.current()].map(
      ({ material }) => material.kind === 'secret' && material.secret,
    );
    expect(secrets[0] && secrets[1] && secrets[0].equals(secrets[1])).toBe(true);
  });

  it('changes all keys at once when the last is derived', async () => {
    const ring = keyring({ current: 'old', keys: { old: randomBytes(32) } });
    const turn = ring.rotate({ current: 'new', keys: { new: passphrase } });
    expect(ring.current().id).toBe('old');
    expect(ring.find('new')).toBeUndefined();
    await turn;
    expect(ids(ring)).toEqual({ current: 'new', keys: ['new'] });
  });

  it('ends with the last rotation, whichever is derived faster', async () => {
    const ring = keyring({ current: 'a', keys: { a: passphrase } });
    await Promise.all([
      ring.open(),
      ring.rotate({ current: 'b', keys: { b: passphrase } }),
      ring.rotate({ current: 'c', keys: { c: randomBytes(32) } }),
    ]);
    await ring.open();
    expect(ids(ring)).toEqual({ current: 'c', keys: ['c'] });
  });

  it('keeps its keys when a rotation is refused', async () => {
    const ring = keyring({ current: 'a', keys: { a: randomBytes(32) } });
    await expect(ring.rotate({ current: 'b', keys: { b: Buffer.alloc(31, 1) } })).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
    });
    expect(ids(ring)).toEqual({ current: 'a', keys: ['a'] });
  });

  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const good = randomBytes(32);
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'current, keys'],
    ['an unknown option', { current: 'k', keys: { k: good }, key: 1 }, 'no option "key"'],
    ['no key', { current: 'k', keys: {} }, 'one of the ids []'],
    ['a current that is no id', { current: 'x', keys: { k: good } }, 'one of the ids [k]'],
    ['an id with a space', { current: 'a b', keys: { 'a b': good } }, 'id'],
    ['an id of 65 characters', { current: 'a', keys: { a: good, ['b'.repeat(65)]: good } }, 'id'],
    ['31 bytes', { current: 'k', keys: { k: randomBytes(31) } }, 'has 31 bytes'],
    ['33 bytes', { current: 'k', keys: { k: randomBytes(33) } }, 'has 33 bytes'],
    ['zeros', { current: 'k', keys: { k: Buffer.alloc(32) } }, 'only zeros'],
    ['a string', { current: 'k', keys: { k: 'x'.repeat(32) } }, 'must be a Buffer'],
    [
      'a short passphrase',
      { current: 'k', keys: { k: { ...passphrase, passphrase: 'short' } } },
      'at least 8',
    ],
    ['a short salt', { current: 'k', keys: { k: { ...passphrase, salt: Buffer.alloc(15) } } }, '16 bytes'],
    ['a mistyped source', { current: 'k', keys: { k: { ...passphrase, sal: 1 } } }, 'no option "sal"'],
    ['an RSA key', { current: 'k', keys: { k: { publicKey: rsa.publicKey } } }, 'Ed25519 public'],
    ['swapped halves', { current: 'k', keys: { k: { publicKey: privateKey } } }, 'Ed25519 public'],
    ['a mixture', { current: 'k', keys: { k: good, e: { publicKey } } }, 'mixes'],
    ['nothing to sign with', { current: 'e', keys: { e: { publicKey } } }, 'no privateKey'],
  ])('refuses %s', (_name, options, text) => {
    const make = () => keyring(options as KeyringOptions);
    expect(make).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT' }));
    expect(make).toThrow(text);
  });

  it('never prints a key', async () => {
    const secret = randomBytes(32);
    const ring = keyring({ current: 'k1', keys: { k1: secret, k2: passphrase } });
    await ring.open();
    const shown = [
      inspect(ring, { depth: Infinity, showHidden: true }),
      inspect({ nested: [ring] }, { depth: Infinity }),
      inspect(ring.current(), { depth: Infinity, showHidden: true }),
      JSON.stringify([ring, ring.current()]),
      String(ring),
    ].join('\n');
    expect(inspect(ring)).toBe('Keyring { current: k1, keys: [k1, k2] }');
    for (const form of ['hex', 'base64', 'latin1', 'utf8'] as const)
      expect(shown).not.toContain(secret.toString(form));
    expect(shown).not.toContain('horse');
    expect(shown).not.toContain([...secret.subarray(0, 4)].join(', '));
  });
});
