import { RpcError } from '../../../lib/errors/rpc-error.js';
import { decodeRefusal, MAX_REFUSAL_BYTES } from '../../../lib/protocol/refusal-notice.js';
import { bytesOf, GOLDEN_REFUSALS } from './golden-bytes.js';

const errorOf = (bytes: Buffer): RpcError | undefined => {
  try {
    decodeRefusal(bytes);
    return undefined;
  } catch (error) {
    if (!(error instanceof RpcError) || error.status !== 'INVALID_ARGUMENT') throw error;
    return error;
  }
};

describe('the value of a refusal', () => {
  const bytes = bytesOf(GOLDEN_REFUSALS[1]!);

  it('cut at any byte, or with bytes behind it, is refused', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(errorOf(bytes.subarray(0, length))).toBeInstanceOf(RpcError);
    expect(errorOf(Buffer.concat([bytes, Buffer.from([0])]))!.message).toContain('1 bytes too many');
  });

  it('of a code that is not known is refused', () => {
    for (const code of [0, 3, 255]) {
      expect(errorOf(Buffer.concat([Buffer.from([code]), bytes.subarray(1)]))!.message).toContain(
        `code ${code}`,
      );
    }
  });

  it('that is too large is refused before it is looked at', () => {
    expect(errorOf(Buffer.alloc(MAX_REFUSAL_BYTES + 1, 1))!.message).toContain(
      `${MAX_REFUSAL_BYTES + 1} bytes`,
    );
  });
});
