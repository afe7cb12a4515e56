import { createSecretKey, randomBytes } from 'node:crypto';
import { SessionKeyCache } from '../../../../lib/wire/interceptors/session-key-cache.js';
import { deriveSessionKey, nonceOf, NonceSequence } from '../../../../lib/wire/interceptors/session-key.js';

const master = createSecretKey(Buffer.alloc(32, 9));

describe('NonceSequence', () => {
  it('draws a new salt for another key, also on the way back', () => {
    const sequence = new NonceSequence('request');
    const other = createSecretKey(Buffer.alloc(32, 8));
    const salts = [master, other, master].map((key) => sequence.next(key).session.salt.toString('hex'));
    expect(new Set(salts).size).toBe(3);
  });
});

describe('nonceOf()', () => {
  it('is another one for each counter, and the first is not the base of another', () => {
    const session = deriveSessionKey(master, randomBytes(32), 'reply');
    const counters = [0, 1, 2, 255, 256, 2 ** 31, 2 ** 32 - 1];
    const nonces = counters.map((counter) => nonceOf(session, counter).toString('hex'));
    expect(new Set(nonces).size).toBe(counters.length);
    expect(nonces[0]).toBe(session.nonceBase.toString('hex'));
    expect(nonces.every((nonce) => nonce.length === 24)).toBe(true);
  });
});

describe('deriveSessionKey()', () => {
  it('gives both directions keys that share nothing', () => {
    const salt = randomBytes(32);
    const request = deriveSessionKey(master, salt, 'request');
    const reply = deriveSessionKey(master, salt, 'reply');
    expect(request.key.equals(reply.key)).toBe(false);
    expect(request.nonceBase.equals(reply.nonceBase)).toBe(false);
    expect(request.commitment.equals(reply.commitment)).toBe(false);
  });
});

describe('SessionKeyCache', () => {
  const session = deriveSessionKey(master, randomBytes(32), 'request');

  it('holds so many and no more, the last used', () => {
    const cache = new SessionKeyCache(3);
    for (const name of ['a', 'b', 'c']) cache.keep(name, session);
    cache.find(master, 'a');
    cache.keep('d', session);
    expect(cache.size).toBe(3);
    expect(['a', 'b', 'c', 'd'].map((name) => cache.find(master, name) === session)).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  it('forgets what came from a key that was replaced', () => {
    const cache = new SessionKeyCache(3);
    cache.keep('a', session);
    expect(cache.find(createSecretKey(Buffer.alloc(32, 9)), 'a')).toBeUndefined();
  });
});
