import { randomBytes } from 'node:crypto';
import { crc32c } from '../../../lib/checksum/crc32c.js';

describe('crc32c()', () => {
  it('goes on from the sum of the bytes before', () => {
    const bytes = randomBytes(100);
    for (let cut = 0; cut <= 100; cut++) {
      expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(crc32c(bytes));
    }
  });
});
