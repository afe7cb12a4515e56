import { parseArgs } from 'node:util';
import { conduct } from './conductor/conductor.js';
import { isGreen } from './conductor/window-result.js';
import { bugsNamed, prove } from './planted/prove.js';
import { writeReport } from './report/write-report.js';
import { MATRIX, SHORT_TIER } from './windows/matrix.js';

const CALLS_PER_SECOND = '200';
/** Seeds of windows follow from that of the run, one after the other. */
const SEEDS = 1_000_000;

const OPTIONS = {
  /** Only the windows of `npm test`. */
  short: { type: 'boolean', default: false },
  /** Only those whose names match this regular expression. */
  only: { type: 'string' },
  /** Plants bugs, and looks whether they are noticed. */
  planted: { type: 'boolean', default: false },
  /** Writes the page of a full run into this file. */
  report: { type: 'string' },
  /** Calls a second, of all clients together. */
  rate: { type: 'string', default: CALLS_PER_SECOND },
} as const;

/** The fault suite. `FAULT_SEED` plays the same again. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  const seed = Number(process.env.FAULT_SEED ?? Date.now() % SEEDS);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const settings = { seed, callsPerSecond: Number(values.rate), say };
  const isGood = values.planted ? await allNoticed(settings, values.only) : await allGreen(settings, values);
  process.exitCode = isGood ? 0 : 1;
}

type Settings = Omit<Parameters<typeof conduct>[0], 'windows'>;

async function allGreen(
  settings: Settings,
  { short, only, report }: { short: boolean; only?: string; report?: string },
): Promise<boolean> {
  const { seed, say } = settings;
  const windows = (short ? SHORT_TIER : MATRIX).filter(
    ({ name }) => only === undefined || new RegExp(only).test(name),
  );
  say(`${windows.length} windows, FAULT_SEED=${seed}`);
  const results = await conduct({ windows, ...settings });
  const calls = results.reduce((sum, result) => sum + result.calls, 0);
  const red = results.filter((result) => !isGreen(result));
  const isFull = !short && only === undefined;
  if (report !== undefined && isFull) await writeReport(report, results, settings);
  say(`${results.length} windows, ${calls} calls, ${red.length} windows failed`);
  return results.length > 0 && red.length === 0;
}

async function allNoticed(settings: Settings, only?: string): Promise<boolean> {
  const bugs = bugsNamed(only);
  settings.say(`${bugs.length} planted bugs, FAULT_SEED=${settings.seed}: windows are to fail`);
  const missed = await prove(bugs, settings);
  settings.say(`${bugs.length - missed.length} of ${bugs.length} noticed`);
  for (const name of missed) settings.say(`not noticed: ${name}`);
  return bugs.length > 0 && missed.length === 0;
}

await main();
