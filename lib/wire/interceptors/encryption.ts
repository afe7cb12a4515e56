import { timingSafeEqual, type KeyObject } from 'node:crypto';
import { checkNames } from '../../errors/option-checks.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { checkKeyring, type Keyring, type NamedKey } from '../keyring/keyring.js';
import type { WireContext, WireInterceptor } from '../wire-interceptor.js';
import { seal, TAG_BYTES, unseal } from './aes-gcm.js';
import { associatedData } from './associated-data.js';
import { notAuthentic } from './authentication.js';
import { keyPrefixBytes, readKeyPrefix, writeKeyPrefix } from './key-prefix.js';
import {
  COMMITMENT_BYTES,
  deriveSessionKey,
  nonceOf,
  NonceSequence,
  SALT_BYTES,
  type SessionKey,
} from './session-key.js';
import { SessionKeyCache } from './session-key-cache.js';

export interface EncryptionOptions {
  /** The same secret keys on both sides: `keyring({ current, keys })`. */
  readonly keyring: Keyring;
}

const VERSION = 1;
const NAME = 'encryption:aes-256-gcm';
const COUNTER_BYTES = 4;
const FIXED_BYTES = SALT_BYTES + COMMITMENT_BYTES + COUNTER_BYTES;

/** Session keys of sending processes. With more processes, a record of an evicted one costs a derivation, about 10 µs. */
const MAX_CACHED_SESSIONS = 1_024;

/**
 * A stage that encrypts whole records with AES-256-GCM, in both directions. It protects payloads, patterns, metadata and user
 * headers of calls, events and errors against reading and changes. A record is valid only for its topic, partition, direction,
 * sender and reply address. Topic, record key, size and envelope stay readable.
 *
 *     offset   size  type    field
 *     0        1     uint8   version, 1
 *     1        1     uint8   length of the key id, n
 *     2        n     ASCII   key id
 *     2 + n    32    bytes   salt of the sending process
 *     34 + n   16    bytes   key commitment
 *     50 + n   4     uint32  counter
 *     54 + n   rest          ciphertext, as long as the plaintext
 *     end      16    bytes   GCM tag
 *
 * HKDF-SHA256 derives key, nonce base and commitment from the named key, the salt, the purpose and the direction. The nonce is
 * nonce base XOR counter. `associated-data.ts` builds the associated data.
 *
 * An unchanged copy of a record is authentic too. The server refuses the calls of a copy that was appended again
 * (docs/decisions/0006-calls-grow-along-a-partition.md).
 * Cost: 70 bytes and the key id per record, and a few microseconds on each side, on the event loop.
 *
 * @throws RpcError `INVALID_ARGUMENT` for a keyring without secret keys.
 */
export const encryption = (options: EncryptionOptions): WireInterceptor => {
  checkNames('encryption()', options, ['keyring']);
  return new Encryption(checkKeyring('encryption()', options.keyring, 'secret'));
};

class Encryption implements WireInterceptor {
  readonly name = NAME;
  readonly authenticates = true;
  private readonly sequences = {
    request: new NonceSequence('request'),
    reply: new NonceSequence('reply'),
  };
  private readonly sessions = new SessionKeyCache(MAX_CACHED_SESSIONS);

  constructor(private readonly keyring: Keyring) {}

  open(): Promise<void> {
    return this.keyring.open();
  }

  encode(bytes: Buffer, context: WireContext): Buffer {
    const { id, material } = this.keyring.current();
    const { session, counter } = this.sequences[context.direction].next(secretOf(material));
    const { ciphertext, tag } = seal(sealingOf(session, counter, id, context), bytes);

    const head = keyPrefixBytes(id) + FIXED_BYTES;
    const out = Buffer.allocUnsafe(head + ciphertext.length + TAG_BYTES);
    let at = writeKeyPrefix(out, VERSION, id);
    at += session.salt.copy(out, at);
    at += session.commitment.copy(out, at);
    out.writeUInt32BE(counter, at);
    ciphertext.copy(out, head);
    tag.copy(out, head + ciphertext.length);
    return out;
  }

  decode(bytes: Buffer, context: WireContext): Buffer {
    const id = readKeyPrefix(bytes, VERSION, FIXED_BYTES + TAG_BYTES);
    const named = this.keyring.find(id);
    if (named === undefined) throw notAuthentic('unknown-key', id);

    const saltAt = keyPrefixBytes(id);
    const commitmentAt = saltAt + SALT_BYTES;
    const counterAt = commitmentAt + COMMITMENT_BYTES;
    const name = `${context.direction}:${id}:${bytes.toString('latin1', saltAt, commitmentAt)}`;
    const master = secretOf(named.material);
    const known = this.sessions.find(master, name);
    const session =
      known ?? deriveSessionKey(master, bytes.subarray(saltAt, commitmentAt), context.direction);
    if (!timingSafeEqual(session.commitment, bytes.subarray(commitmentAt, counterAt))) {
      throw notAuthentic('other-key', id);
    }
    const tagAt = bytes.length - TAG_BYTES;
    const sealing = sealingOf(session, bytes.readUInt32BE(counterAt), id, context);
    const plaintext = unseal(
      sealing,
      bytes.subarray(counterAt + COUNTER_BYTES, tagAt),
      bytes.subarray(tagAt),
    );
    if (plaintext === undefined) throw notAuthentic('mismatch', id);
    if (known === undefined) this.sessions.keep(name, session);
    return plaintext;
  }
}

const sealingOf = (session: SessionKey, counter: number, keyId: string, context: WireContext) => ({
  key: session.key,
  nonce: nonceOf(session, counter),
  associatedData: associatedData({ version: VERSION, stage: NAME, keyId }, context),
});

const secretOf = (material: NamedKey['material']): KeyObject => {
  if (material.kind === 'secret') return material.secret;
  throw new RpcError(RpcStatus.INTERNAL, 'encryption() was given a key to sign with.');
};
