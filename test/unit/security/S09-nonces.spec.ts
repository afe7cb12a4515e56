import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as ts from 'typescript';

const PROCESSES = 4;
const RESTARTS = 2;
const RECORDS = 50_000;
const RECORDS_PER_SALT = 20_000;

/** What a sending process draws from, and nothing else of the package. */
const FILES = ['interceptors/session-key', 'interceptors/aes-gcm', 'keyring/derive'];

const PROGRAM = `
import { createSecretKey } from 'node:crypto';
import { NonceSequence, nonceOf } from './interceptors/session-key.js';
const master = createSecretKey(Buffer.alloc(32, 9));
const sequence = new NonceSequence('request', ${RECORDS_PER_SALT});
const salts = new Set(), nonces = new Set();
for (let i = 0; i < ${RECORDS}; i++) {
  const { session, counter } = sequence.next(master);
  const salt = session.salt.toString('base64');
  salts.add(salt);
  nonces.add(salt + nonceOf(session, counter).toString('latin1'));
}
console.log(JSON.stringify({ salts: [...salts], nonces: nonces.size }));
`;

describe('S9, nonces that wear out', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nonces-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  beforeAll(() => {
    for (const file of FILES) {
      const source = readFileSync(join(process.cwd(), 'lib/wire', `${file}.ts`), 'utf8');
      const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
      const target = join(folder, `${file}.js`);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, ts.transpileModule(source, { compilerOptions }).outputText);
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'program.js'), PROGRAM);
  });

  it('gives no key and nonce twice, over processes, restarts and worn-out salts', async () => {
    const run = async () => {
      const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'program.js')]);
      return JSON.parse(stdout) as { salts: string[]; nonces: number };
    };
    const runs: { salts: string[]; nonces: number }[] = [];
    for (let i = 0; i < RESTARTS; i++) {
      runs.push(...(await Promise.all(Array.from({ length: PROCESSES }, run))));
    }
    expect(runs.map(({ nonces }) => nonces)).toEqual(Array(PROCESSES * RESTARTS).fill(RECORDS));
    const salts = runs.flatMap((one) => one.salts);
    expect(salts).toHaveLength(PROCESSES * RESTARTS * Math.ceil(RECORDS / RECORDS_PER_SALT));
    expect(new Set(salts).size).toBe(salts.length);
  }, 60_000);
});
