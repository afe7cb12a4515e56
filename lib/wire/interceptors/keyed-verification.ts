import type { KeyMaterial } from '../keyring/key-source.js';
import type { Keyring } from '../keyring/keyring.js';
import type { WireContext, WireInterceptor } from '../wire-interceptor.js';
import { associatedData } from './associated-data.js';
import { notAuthentic } from './authentication.js';
import { keyPrefixBytes, readKeyPrefix, writeKeyPrefix } from './key-prefix.js';

/** The signed bytes, in two parts. They are signed as one, because the associated data contain their own length. */
export interface SignedBytes {
  readonly associatedData: Buffer;
  readonly body: Buffer;
}

/** A signature algorithm with keys of the keyring. */
export interface KeyedSignature {
  readonly name: string;
  /** Of every signature; any other length is refused. */
  readonly bytes: number;
  sign(key: KeyMaterial, signed: SignedBytes, direction: WireContext['direction']): Buffer;
  verify(
    key: KeyMaterial,
    signed: SignedBytes,
    signature: Buffer,
    direction: WireContext['direction'],
  ): boolean;
}

const VERSION = 1;

/**
 *     offset     size  type    field
 *     0          1     uint8   version, 1
 *     1          1     uint8   length of the key id, n
 *     2          n     ASCII   key id
 *     2 + n      s     bytes   signature over associated data (`associated-data.ts`) and body
 *     2 + n + s  rest          body
 */
export class KeyedVerification implements WireInterceptor {
  readonly name: string;
  readonly authenticates = true;

  constructor(
    private readonly keyring: Keyring,
    private readonly signature: KeyedSignature,
  ) {
    this.name = `verification:${signature.name}`;
  }

  open(): Promise<void> {
    return this.keyring.open();
  }

  encode(body: Buffer, context: WireContext): Buffer {
    const { id, material } = this.keyring.current();
    const signature = this.signature.sign(material, this.signed(id, body, context), context.direction);
    const head = keyPrefixBytes(id);
    const out = Buffer.allocUnsafe(head + signature.length + body.length);
    writeKeyPrefix(out, VERSION, id);
    signature.copy(out, head);
    body.copy(out, head + signature.length);
    return out;
  }

  decode(bytes: Buffer, context: WireContext): Buffer {
    const id = readKeyPrefix(bytes, VERSION, this.signature.bytes);
    const key = this.keyring.find(id);
    if (key === undefined) throw notAuthentic('unknown-key', id);
    const head = keyPrefixBytes(id);
    const signature = bytes.subarray(head, head + this.signature.bytes);
    const body = bytes.subarray(head + this.signature.bytes);
    const signed = this.signed(id, body, context);
    if (this.signature.verify(key.material, signed, signature, context.direction)) return body;
    throw notAuthentic('mismatch', id);
  }

  private signed(keyId: string, body: Buffer, context: WireContext): SignedBytes {
    return { associatedData: associatedData({ version: VERSION, stage: this.name, keyId }, context), body };
  }
}
