import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { encryption, keyring, type KeyringOptions, verification } from 'nestjs-kafka-rpc';
import { refusalOf, requestContext } from '../unit/wire/interceptors/wire-context.js';

const context = requestContext();
const FOLDERS = ['lib/wire/interceptors', 'lib/wire/keyring'];

describe('S12, passwords as keys', () => {
  it.each([
    ['a password instead of bytes', 'hunter2-hunter2'],
    ['16 bytes', randomBytes(16)],
    ['a passphrase without salt', { passphrase: 'correct horse battery staple' }],
  ])('refuses %s and does not show it', (_name, source) => {
    const options = { current: 'k', keys: { k: source } } as unknown as KeyringOptions;
    const refusal = refusalOf(() => keyring(options));
    expect(refusal).toMatchObject({ status: 'INVALID_ARGUMENT' });
    expect(inspect(refusal, { depth: Infinity })).not.toMatch(/hunter2|horse/);
  });
});

describe('S13, a timing oracle', () => {
  it('gets a typed error for a MAC of any length', () => {
    const stage = verification({ keyring: keyring({ current: 'k', keys: { k: randomBytes(32) } }) });
    const signed = stage.encode(Buffer.alloc(0), context) as Buffer;
    for (let end = 0; end < signed.length; end++) {
      expect(refusalOf(() => stage.decode(signed.subarray(0, end), context)).status).toBe('UNAUTHENTICATED');
    }
  });

  it('finds no comparison of secret bytes that stops early', () => {
    for (const folder of FOLDERS) {
      for (const file of readdirSync(folder)) {
        const source = readFileSync(join(folder, file), 'utf8');
        expect({
          file,
          early: /(tag|mac|signature|commitment|expected)\.(equals|compare)\(/i.test(source),
        }).toEqual({
          file,
          early: false,
        });
      }
    }
  });
});

describe('S17, secrets in logs', () => {
  it('shows no key and no payload, whatever is printed', async () => {
    const key = randomBytes(32);
    const canary = 'canary-payload-4111';
    const ring = keyring({
      current: 'k',
      keys: { k: key, p: { passphrase: 'canary-passphrase', salt: randomBytes(16) } },
    });
    await ring.open();
    const stages = [encryption({ keyring: ring }), verification({ keyring: ring })];
    const shown: unknown[] = [ring, ring.current()];
    for (const stage of stages) {
      const record = stage.encode(Buffer.from(canary), context) as Buffer;
      stage.decode(record, context);
      record[record.length - 1]! ^= 1;
      shown.push(
        stage,
        refusalOf(() => stage.decode(record, context)),
      );
    }
    const text = shown
      .flatMap((value) => [
        inspect(value, { depth: Infinity, showHidden: true }),
        JSON.stringify(value),
        String(value),
      ])
      .join('\n');
    const hexWithSpaces = key.toString('hex').match(/../g)!.slice(0, 8).join(' ');
    for (const secret of [
      canary,
      'canary-passphrase',
      hexWithSpaces,
      key.toString('hex'),
      key.toString('base64'),
    ]) {
      expect(text).not.toContain(secret);
    }
  });
});
