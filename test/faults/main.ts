import { parseArgs } from 'node:util';
import { conduct } from './conductor/conductor.js';
import { isGreen } from './conductor/window-result.js';
import { MATRIX, SHORT_TIER } from './windows/matrix.js';

const CALLS_PER_SECOND = 200;
/** Seeds of windows follow from that of the run, one after the other. */
const SEEDS = 1_000_000;

/** The fault suite: `main.js [--short] [--only text] [--rate calls]`. `FAULT_SEED` plays the same again. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string' },
      rate: { type: 'string', default: `${CALLS_PER_SECOND}` },
    },
  });
  const seed = Number(process.env.FAULT_SEED ?? Date.now() % SEEDS);
  const tier = values.short ? SHORT_TIER : MATRIX;
  const { only } = values;
  const windows = only === undefined ? tier : tier.filter(({ name }) => name.includes(only));
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  say(`${windows.length} windows, FAULT_SEED=${seed}`);
  const results = await conduct({ windows, seed, callsPerSecond: Number(values.rate), say });
  const red = results.filter((result) => !isGreen(result));
  const calls = results.reduce((sum, result) => sum + result.calls, 0);
  say(`${results.length} windows, ${calls} calls, ${red.length} windows failed`);
  process.exitCode = red.length > 0 || results.length === 0 ? 1 : 0;
}

await main();
