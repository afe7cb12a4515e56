import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { encryption, keyring, type KeyringOptions, verification } from 'nestjs-kafka-rpc';
import { runScript } from '../support/package-script.js';
import { refusalOf, requestContext } from '../unit/wire/interceptors/wire-context.js';

const context = requestContext();

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

  it('is found by lint in every comparison of proofs that stops early, and in nothing else', async () => {
    const comparisons = [...EARLY, ...HARMLESS];
    const told = await linted(comparisons.map((comparison) => `export const isGood = ${comparison};`));
    const found = comparisons.filter((_, i) => told[i]!.length > 0);
    expect(found).toEqual(EARLY);
  });

  it('is found nowhere by lint, and nowhere is lint told to look away', async () => {
    expect((await linted()).flat()).toEqual([]);
  });
});

const EARLY = [
  'tag === other',
  'other !== mac',
  'expected == other',
  'session.commitment === other',
  "mac.toString('hex') === other",
  "hmac.digest('hex') === other",
  'sign(body) === other',
  'this.sign(body) === other',
  'signature[at] !== other[at]',
  'session.commitment[at] === other[at]',
  'mac.equals(other)',
  'other.equals(session.commitment)',
  'other.equals(cipher.getAuthTag())',
  'hmac.digest().equals(other)',
  'signature.compare(other) === 0',
  'Buffer.compare(other, digest) === 0',
];

const HARMLESS = [
  'signature.length === expected.length && timingSafeEqual(signature, expected)',
  'tag === undefined',
  "typeof mac === 'string'",
  'tagAt === end',
  'bytes.compare(HEADER) === 0',
];

/** What lint says of early comparisons: for each of the texts, or for each of the files that are there. */
const linted = async (texts: readonly string[] = []): Promise<readonly (readonly unknown[])[]> =>
  JSON.parse((await runScript(LINTER, { args: texts })).stdout) as unknown[][];

const LINTER = `
import { ESLint } from 'eslint';
const eslint = new ESLint();
const folders = ['lib/wire/interceptors', 'lib/wire/keyring'];
const texts = process.argv.slice(1);
const results = texts.length === 0 ? await eslint.lintFiles(folders) : [];
for (const text of texts) results.push(...(await eslint.lintText(text, { filePath: folders[0] + '/sample.ts' })));
const told = ({ messages, suppressedMessages }) =>
  [...messages, ...suppressedMessages].filter(({ ruleId }) => ruleId === 'no-restricted-syntax');
console.log(JSON.stringify(results.map(told)));
`;

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
