import { randomBytes } from 'node:crypto';
import { encryption, keyring } from 'nestjs-kafka-rpc';
import { refusalOf, requestContext } from '../unit/wire/interceptors/wire-context.js';

describe('S10, a short tag', () => {
  it.each([0, 1, 4, 8, 12, 13, 14, 15, 17, 32])('is refused at %i bytes', (length) => {
    const stage = encryption({ keyring: keyring({ current: 'k', keys: { k: randomBytes(32) } }) });
    const context = requestContext();
    for (const plain of [Buffer.alloc(0), Buffer.from('payload'), randomBytes(500)]) {
      const sealed = stage.encode(plain, context) as Buffer;
      const tag = sealed.subarray(-16);
      const bad = Buffer.concat([sealed.subarray(0, -16), Buffer.concat([tag, tag]).subarray(0, length)]);
      expect(refusalOf(() => stage.decode(bad, context))).toMatchObject({
        name: 'RpcError',
        status: 'UNAUTHENTICATED',
      });
    }
  });
});
