import {
  checkMethods,
  checkNames,
  checkOptions,
  checkString,
  invalidOption,
} from '../../errors/option-checks.js';
import { checkKeyring, type Keyring } from '../keyring/keyring.js';
import type { WireInterceptor } from '../wire-interceptor.js';
import { ChecksumVerification } from './checksum-verification.js';
import { CustomVerification, type CustomSignature } from './custom-verification.js';
import { ED25519 } from './ed25519.js';
import { HmacSha256 } from './hmac-sha256.js';
import { KeyedVerification } from './keyed-verification.js';

export type VerificationOptions = KeyedVerificationOptions | ChecksumVerificationOptions | CustomSignature;

export interface KeyedVerificationOptions {
  /** Secret keys for `hmac-sha256`, key pairs for `ed25519`. */
  readonly keyring: Keyring;
  /** Use `ed25519` if readers must not be able to sign. It costs about 100 µs per record. @default 'hmac-sha256' */
  readonly algorithm?: 'hmac-sha256' | 'ed25519';
}

export interface ChecksumVerificationOptions {
  /** Detects accidents only: anyone can compute a checksum. Needs no key. */
  readonly algorithm: 'crc32c';
}

/**
 * A stage that signs records and refuses changed, foreign and moved records. The signature covers the bytes, topic, partition,
 * direction, sender and reply address. The content stays readable. `encryption()` hides it, and needs no `hmac-sha256` in
 * addition. An unchanged copy of a record is authentic too. The server refuses the calls of a copy that was appended again
 * (docs/decisions/0006-calls-grow-along-a-partition.md).
 *
 *     verification({ keyring })                               hmac-sha256: 34 bytes and the key id per record
 *     verification({ keyring, algorithm: 'ed25519' })         66 bytes and the key id
 *     verification({ algorithm: 'crc32c' })                   5 bytes, accidents only
 *     verification({ sign, verify })                          your own, synchronous or asynchronous
 *
 * The receiver refuses a record with a wrong signature with `UNAUTHENTICATED`, and a damaged one (`crc32c`) with `DATA_LOSS`.
 *
 * @throws RpcError `INVALID_ARGUMENT` for an invalid option, with its name.
 */
export const verification = (options: VerificationOptions): WireInterceptor => {
  checkOptions('verification()', options, ['keyring', 'algorithm']);
  if ('sign' in options || 'verify' in options) return custom(options as CustomSignature);
  const algorithm: string = options.algorithm ?? 'hmac-sha256';
  if (algorithm === 'crc32c') {
    checkNames('verification() by crc32c', options, ['algorithm']);
    return new ChecksumVerification();
  }
  checkNames('verification()', options, ['keyring', 'algorithm']);
  const { keyring } = options as KeyedVerificationOptions;
  switch (algorithm) {
    case 'hmac-sha256':
      return new KeyedVerification(checkKeyring('verification()', keyring, 'secret'), new HmacSha256());
    case 'ed25519':
      return new KeyedVerification(checkKeyring('verification() by ed25519', keyring, 'signing'), ED25519);
    default:
      throw invalidOption('algorithm', algorithm, "'hmac-sha256', 'ed25519' or 'crc32c'");
  }
};

const custom = (options: CustomSignature): WireInterceptor => {
  checkNames('verification()', options, ['name', 'sign', 'verify']);
  const signature = checkMethods<CustomSignature>('verification()', options, ['sign', 'verify']);
  return new CustomVerification({
    name: checkString('name', signature.name ?? 'custom'),
    sign: (bytes) => signature.sign(bytes),
    verify: (bytes, given) => signature.verify(bytes, given),
  });
};
