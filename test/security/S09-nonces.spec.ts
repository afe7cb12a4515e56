import { createSecretKey } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { NonceSequence, RECORDS_PER_SALT } from '../../lib/wire/interceptors/session-key.js';
import { runScript } from '../support/package-script.js';

const PROCESSES = 4;
const RECORDS = 1_000_000;

/** Seals so many records with the key of all processes, and tells its salts and whether a counter stood twice under one. */
const SEALER = `
import { encryption, keyring } from 'nestjs-kafka-rpc';
const records = Number(process.argv[1]);
const stage = encryption({ keyring: keyring({ current: 'k', keys: { k: Buffer.alloc(32, 9) } }) });
const context = { topic: 't', partition: 0, envelope: Buffer.alloc(0), headers: {} };
const bytes = Buffer.from('x');
const salts = new Set();
let sealed = 0, repeats = 0;
const last = {};
for (let i = 0; i < records; i++) {
  const direction = i % 2 === 0 ? 'request' : 'reply';
  const record = stage.encode(bytes, { ...context, direction });
  const salt = direction + record.toString('latin1', 3, 35);
  const counter = record.readUInt32BE(51);
  if (salt !== last[direction]?.salt) {
    if (salts.has(salt) || counter !== 0) repeats++;
    salts.add(salt);
  } else if (counter !== last[direction].counter + 1) repeats++;
  last[direction] = { salt, counter };
  sealed++;
}
const hex = [...salts].map((salt) => Buffer.from(salt, 'latin1').toString('hex'));
console.log(JSON.stringify({ sealed, repeats, salts: hex }));
`;

interface Told {
  readonly sealed: number;
  readonly repeats: number;
  readonly salts: readonly string[];
}

const seal = async (records: number): Promise<Told> =>
  JSON.parse((await runScript(SEALER, { args: [String(records)] })).stdout) as Told;

/** A few at a time: the machine may have fewer cores than processes. */
const sealAll = async (sizes: readonly number[]): Promise<readonly Told[]> => {
  const waiting = [...sizes];
  const told: Told[] = [];
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) told.push(await seal(next));
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker));
  return told;
};

describe('S9, nonces that wear out', () => {
  it(`repeats no key and nonce over ${PROCESSES} processes with a million records each, and restarts`, async () => {
    const sizes = [
      ...Array.from({ length: PROCESSES }, () => RECORDS),
      ...Array.from({ length: 8 }, () => 100),
    ];
    const told = await sealAll(sizes);
    expect(told.map(({ sealed }) => sealed).sort()).toEqual([...sizes].sort());
    expect(told.map(({ repeats }) => repeats)).toEqual(sizes.map(() => 0));
    const salts = told.flatMap((one) => one.salts);
    expect(salts.length).toBeGreaterThanOrEqual(2 * sizes.length);
    expect(new Set(salts).size).toBe(salts.length);
  }, 120_000);

  it('draws a new salt before the counter ends', () => {
    expect(RECORDS_PER_SALT).toBeLessThanOrEqual(2 ** 32);
    const master = createSecretKey(Buffer.alloc(32, 9));
    const sequence = new NonceSequence('request', 3);
    const seen = Array.from({ length: 7 }, () => sequence.next(master));
    expect(seen.map(({ counter }) => counter)).toEqual([0, 1, 2, 0, 1, 2, 0]);
    expect(new Set(seen.map(({ session }) => session.salt.toString('hex'))).size).toBe(3);
  });
});
