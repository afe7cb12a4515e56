import { crc32c } from '../../checksum/crc32c.js';
import { RpcStatus } from '../../errors/status.js';
import { refusalError } from '../refusal.js';
import type { WireContext, WireInterceptor } from '../wire-interceptor.js';
import { associatedData } from './associated-data.js';

const VERSION = 1;
const HEAD_BYTES = 5;
const NO_KEY = '';

/**
 * Detects accidents only: anyone can compute a checksum.
 *
 *     offset  size  type    field
 *     0       1     uint8   version, 1
 *     1       4     uint32  CRC32C of associated data (`associated-data.ts`, with an empty key id) and body
 *     5       rest          body
 */
export class ChecksumVerification implements WireInterceptor {
  readonly name = 'verification:crc32c';

  encode(body: Buffer, context: WireContext): Buffer {
    const out = Buffer.allocUnsafe(HEAD_BYTES + body.length);
    out[0] = VERSION;
    out.writeUInt32BE(this.sum(body, context), 1);
    body.copy(out, HEAD_BYTES);
    return out;
  }

  decode(bytes: Buffer, context: WireContext): Buffer {
    const body = bytes.subarray(HEAD_BYTES);
    const isWhole = bytes.length >= HEAD_BYTES && bytes[0] === VERSION;
    if (isWhole && bytes.readUInt32BE(1) === this.sum(body, context)) return body;
    throw refusalError(RpcStatus.DATA_LOSS, 'The record is damaged: its CRC32C does not fit.', {
      reason: 'damaged',
    });
  }

  private sum(body: Buffer, context: WireContext): number {
    return crc32c(
      body,
      crc32c(associatedData({ version: VERSION, stage: this.name, keyId: NO_KEY }, context)),
    );
  }
}
