import { randomBytes } from 'node:crypto';
import { encryption, type EncryptionOptions } from '../../../../lib/wire/interceptors/encryption.js';
import { keyring } from '../../../../lib/wire/keyring/keyring.js';
import { payloadOf, refusalOf, replyContext, requestContext } from './wire-context.js';

const k1 = randomBytes(32);
const k2 = randomBytes(32);
const stage = (current = 'k1', keys: Record<string, Buffer> = { k1, k2 }) =>
  encryption({ keyring: keyring({ current, keys }) });

const bytesOf = (result: Buffer | Promise<Buffer>): Buffer => {
  if (result instanceof Promise) throw new Error('It is asynchronous.');
  return result;
};
const context = requestContext();

describe('encryption()', () => {
  it.each([0, 1, 15, 16, 17, 1_024, 1_000_000])('brings back %i bytes, without a promise', (length) => {
    const plain = payloadOf(length);
    for (const around of [requestContext(), replyContext()]) {
      const sealed = bytesOf(stage().encode(plain, around));
      expect(sealed).toHaveLength(length + 72);
      expect(bytesOf(stage().decode(sealed, around)).equals(plain)).toBe(true);
    }
  });

  it('has the layout of its docstring', () => {
    const sealer = stage();
    const first = bytesOf(sealer.encode(Buffer.from('abc'), context));
    const second = bytesOf(sealer.encode(Buffer.from('abc'), context));
    expect([first[0], first[1], first.toString('latin1', 2, 4)]).toEqual([1, 2, 'k1']);
    expect(first.subarray(0, 52)).toEqual(second.subarray(0, 52));
    expect([first.readUInt32BE(52), second.readUInt32BE(52)]).toEqual([0, 1]);
    expect(first.subarray(56, 59)).not.toEqual(second.subarray(56, 59));
  });

  it('never sends the same bytes twice, nor the plaintext', () => {
    const plain = Buffer.from('the pattern and the payload');
    const seen = new Set(
      Array.from({ length: 50 }, () => bytesOf(stage().encode(plain, context)).toString('latin1')),
    );
    expect(seen.size).toBe(50);
    for (const sealed of seen) expect(sealed).not.toContain('pattern');
  });

  it('reads with the key the record names, whichever it writes with', () => {
    const old = bytesOf(stage('k1').encode(Buffer.from('x'), context));
    expect(bytesOf(stage('k2').decode(old, context)).toString()).toBe('x');
  });

  it.each([
    ['another topic', requestContext('rpc.audit.requests')],
    ['another partition', requestContext('rpc.sum.requests', 3, 2)],
    ['another reply address', requestContext('rpc.sum.requests', 4)],
    ['the other direction', replyContext('rpc.sum.requests')],
  ])('refuses a record moved to %s', (_name, other) => {
    const sealed = bytesOf(stage().encode(Buffer.from('x'), context));
    expect(refusalOf(() => stage().decode(sealed, other))).toMatchObject({ status: 'UNAUTHENTICATED' });
  });

  it('says in the cause alone why', () => {
    const sealed = bytesOf(stage().encode(Buffer.from('x'), context));
    const changed = Buffer.from(sealed);
    changed[changed.length - 1]! ^= 1;
    const refusals = [
      refusalOf(() => stage().decode(sealed.subarray(0, 70), context)),
      refusalOf(() => stage('k2', { k2 }).decode(sealed, context)),
      refusalOf(() => stage('k1', { k1: k2 }).decode(sealed, context)),
      refusalOf(() => stage().decode(changed, context)),
    ];
    expect(refusals.map(({ cause }) => cause)).toEqual([
      { reason: 'structure' },
      { reason: 'unknown-key', keyId: 'k1' },
      { reason: 'other-key', keyId: 'k1' },
      { reason: 'mismatch', keyId: 'k1' },
    ]);
    expect(new Set(refusals.map(({ message }) => message)).size).toBe(1);
  });

  it('follows a rotation with the next record', async () => {
    const ring = keyring({ current: 'k1', keys: { k1, k2 } });
    const rotating = encryption({ keyring: ring });
    const before = bytesOf(rotating.encode(Buffer.from('x'), context));
    expect(bytesOf(rotating.decode(before, context)).toString()).toBe('x');
    await ring.rotate({ current: 'k2', keys: { k2 } });
    expect(bytesOf(rotating.encode(Buffer.from('x'), context)).toString('latin1', 2, 4)).toBe('k2');
    expect(() => rotating.decode(before, context)).toThrow(
      expect.objectContaining({ status: 'UNAUTHENTICATED' }),
    );
  });

  it('does not use a cached key after its id was given to another', async () => {
    const ring = keyring({ current: 'k1', keys: { k1 } });
    const reading = encryption({ keyring: ring });
    const sealed = bytesOf(stage().encode(Buffer.from('x'), context));
    expect(bytesOf(reading.decode(sealed, context)).toString()).toBe('x');
    await ring.rotate({ current: 'k1', keys: { k1: k2 } });
    expect(() => reading.decode(sealed, context)).toThrow(
      expect.objectContaining({ status: 'UNAUTHENTICATED' }),
    );
  });

  it.each([
    [{}],
    [{ keyring: 'a secret passphrase' }],
    [{ keyring: keyring({ current: 'a', keys: { a: k1 } }), x: 1 }],
  ])('refuses options that do not fit, without showing them', (options) => {
    const refusal = refusalOf(() => encryption(options as EncryptionOptions));
    expect(refusal).toMatchObject({ status: 'INVALID_ARGUMENT' });
    expect(refusal.message).not.toContain('secret passphrase');
  });

  it('wants its keyring opened', async () => {
    const late = encryption({
      keyring: keyring({ current: 'k', keys: { k: { passphrase: 'correct horse', salt: randomBytes(16) } } }),
    });
    expect(() => late.encode(Buffer.from('x'), context)).toThrow('open()');
    await late.open?.();
    expect(bytesOf(late.decode(bytesOf(late.encode(Buffer.from('x'), context)), context)).toString()).toBe(
      'x',
    );
  });
});
