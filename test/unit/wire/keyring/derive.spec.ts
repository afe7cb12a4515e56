import { createSecretKey } from 'node:crypto';
import { deriveBytes, purposeLabel } from '../../../../lib/wire/keyring/derive.js';

describe('deriveBytes()', () => {
  it('gives other bytes for another purpose or direction', () => {
    const master = createSecretKey(Buffer.alloc(32, 1));
    const labels = [
      purposeLabel('encryption', 'request'),
      purposeLabel('encryption', 'reply'),
      purposeLabel('hmac', 'reply'),
    ];
    const keys = labels.map((label) => deriveBytes(master, Buffer.alloc(0), label, 32).toString('hex'));
    expect(new Set(keys).size).toBe(3);
  });
});
