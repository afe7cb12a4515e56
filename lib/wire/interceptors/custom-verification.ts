import { isThenable } from '../../diagnostics/thenable.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { WireContext, WireInterceptor } from '../wire-interceptor.js';
import { associatedData } from './associated-data.js';
import { notAuthentic } from './authentication.js';

/** Your own signature, for example by a key service, a hardware module or another algorithm. */
export interface CustomSignature {
  /** Sent with every record. Both sides need the same name. @default 'custom' */
  readonly name?: string;
  /** Returns the signature of the bytes: 1 to 65,535 bytes. Called once per record. */
  sign(bytes: Buffer): Uint8Array | Promise<Uint8Array>;
  /** Whether the signature fits the bytes. Compare with `crypto.timingSafeEqual`. An exception counts as `false`. */
  verify(bytes: Buffer, signature: Buffer): boolean | Promise<boolean>;
}

const VERSION = 1;
const HEAD_BYTES = 3;
const NO_KEY = '';
const MAX_SIGNATURE_BYTES = 0xffff;

/**
 *     offset  size  type    field
 *     0       1     uint8   version, 1
 *     1       2     uint16  length of the signature, s
 *     3       s     bytes   signature over associated data (`associated-data.ts`, with an empty key id) and body
 *     3 + s   rest          body
 *
 * Synchronous if both functions are.
 */
export class CustomVerification implements WireInterceptor {
  readonly name: string;
  readonly authenticates = true;

  constructor(private readonly signature: CustomSignature) {
    this.name = `verification:${signature.name ?? 'custom'}`;
  }

  encode(body: Buffer, context: WireContext): Buffer | Promise<Buffer> {
    const signature = this.signature.sign(this.signed(body, context));
    return isThenable(signature)
      ? Promise.resolve(signature).then((bytes) => joined(bytes, body))
      : joined(signature, body);
  }

  decode(bytes: Buffer, context: WireContext): Buffer | Promise<Buffer> {
    const end = bytes.length < HEAD_BYTES ? Infinity : HEAD_BYTES + bytes.readUInt16BE(1);
    if (bytes[0] !== VERSION || end === HEAD_BYTES || bytes.length < end) throw notAuthentic('structure');
    const body = bytes.subarray(end);
    const isGood = this.check(this.signed(body, context), bytes.subarray(HEAD_BYTES, end));
    return isGood instanceof Promise ? isGood.then((good) => accepted(good, body)) : accepted(isGood, body);
  }

  private check(signed: Buffer, signature: Buffer): boolean | Promise<boolean> {
    try {
      const isGood = this.signature.verify(signed, signature);
      return isThenable(isGood) ? Promise.resolve(isGood).catch(() => false) : isGood;
    } catch {
      return false;
    }
  }

  private signed(body: Buffer, context: WireContext): Buffer {
    const facts = { version: VERSION, stage: this.name, keyId: NO_KEY };
    return Buffer.concat([associatedData(facts, context), body]);
  }
}

const joined = (signature: Uint8Array, body: Buffer): Buffer => {
  const isUsable = signature instanceof Uint8Array && signature.length > 0;
  if (!isUsable || signature.length > MAX_SIGNATURE_BYTES) {
    throw new RpcError(RpcStatus.INTERNAL, 'verification(): sign() must give 1 to 65535 bytes.');
  }
  const head = Buffer.from([VERSION, signature.length >>> 8, signature.length & 0xff]);
  return Buffer.concat([head, signature, body]);
};

/** Nothing but `true` is a yes: an object that somebody forgot to look into is none. */
const accepted = (good: unknown, body: Buffer): Buffer => {
  if (good === true) return body;
  throw notAuthentic('mismatch');
};
