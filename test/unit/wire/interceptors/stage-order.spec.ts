import { randomBytes } from 'node:crypto';
import { compression } from '../../../../lib/wire/interceptors/compression.js';
import { encryption } from '../../../../lib/wire/interceptors/encryption.js';
import { checkStageOrder } from '../../../../lib/wire/interceptors/stage-order.js';
import { verification } from '../../../../lib/wire/interceptors/verification.js';
import { keyring } from '../../../../lib/wire/keyring/keyring.js';

const ring = keyring({ current: 'k', keys: { k: randomBytes(32) } });
const small = compression();
const sealed = encryption({ keyring: ring });
const signed = verification({ keyring: ring });
const tenant = { name: 'tenant', encode: (bytes: Buffer) => bytes, decode: (bytes: Buffer) => bytes };

describe('checkStageOrder()', () => {
  it.each([
    [[]],
    [[small, sealed, signed]],
    [[small, signed]],
    [[sealed, signed]],
    [[signed, sealed]],
    [[tenant, small, tenant, sealed, tenant]],
  ])('lets %# pass', (stages) => {
    expect(() => checkStageOrder(stages)).not.toThrow();
  });

  it.each([
    [[sealed, small], 'compression:zstd after encryption:aes-256-gcm'],
    [[signed, tenant, small], 'compression:zstd after verification:hmac-sha256'],
    [[small, small], 'compression:zstd after compression:zstd'],
    [[small, sealed, compression({ algorithm: 'none' })], 'compression:none after compression:zstd'],
  ])('refuses %#', (stages, text) => {
    expect(() => checkStageOrder(stages)).toThrow(text);
    expect(() => checkStageOrder(stages)).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT' }));
  });
});
