import { grouped } from '../invariants/joined.js';
import type { FaultWindow } from '../windows/fault-window.js';
import { WindowPlay, type WindowSettings } from './play-window.js';
import { Stand } from './stand.js';
import { isGreen, type WindowResult } from './window-result.js';

export interface Programme {
  readonly windows: readonly FaultWindow[];
  readonly seed: number;
  readonly callsPerSecond: number;
  readonly say: (line: string) => void;
}

/** Plays windows one after the other on one cluster, each by a seed of its own that follows from the run's. */
export const conduct = async ({ windows, seed, say, ...settings }: Programme): Promise<WindowResult[]> => {
  const stand = await Stand.open();
  const results: WindowResult[] = [];
  try {
    for (const [at, window] of windows.entries()) {
      if (!(window.needs ?? []).every((power) => stand.powers.has(power))) {
        say(`- ${window.name}: not on this cluster`);
        continue;
      }
      const result = await played(stand, window, { ...settings, seed: seed + at });
      results.push(result);
      say(lineOf(result));
      await stand.inSync();
    }
  } finally {
    await stand.close();
  }
  return results;
};

/** A window that fails on its way has failed, and the next one is played. */
const played = async (stand: Stand, window: FaultWindow, settings: WindowSettings): Promise<WindowResult> => {
  try {
    return await WindowPlay.play(stand, window, settings);
  } catch (error) {
    await stand.heal();
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...NOTHING, name: window.name, seed: settings.seed, void: [`it broke off: ${text}`] };
  }
};

const NOTHING = {
  violations: [],
  happened: [],
  calls: 0,
  answered: 0,
  runs: 0,
  repeats: 0,
  repeatsOfFinished: 0,
  slowestMs: 0,
  longestStallMs: 0,
  recoveredInMs: undefined,
  tookMs: 0,
};

/** Of each invariant. */
const MAX_SHOWN = 4;

const lineOf = (result: WindowResult): string => {
  const {
    name,
    seed,
    calls,
    slowestMs,
    repeats,
    repeatsOfFinished,
    recoveredInMs,
    tookMs,
    happened,
    longestStallMs,
  } = result;
  const figures = [
    `${calls} calls`,
    `slowest ${slowestMs} ms`,
    `${repeats} runs again (${repeatsOfFinished} of finished)`,
    `longest stall ${longestStallMs} ms`,
    `well after ${recoveredInMs ?? '-'} ms`,
    `${Math.round(tookMs / 1_000)} s`,
  ].join(', ');
  const wrong = [
    ...result.void.map((text) => `    VOID ${text}`),
    ...[...grouped(result.violations, ({ invariant }) => invariant)].flatMap(([invariant, found]) => [
      ...found.slice(0, MAX_SHOWN).map(({ text }) => `    ${invariant} ${text}`),
      ...(found.length > MAX_SHOWN ? [`    ${invariant} and ${found.length - MAX_SHOWN} more`] : []),
    ]),
  ];
  return [
    `${isGreen(result) ? 'ok  ' : 'FAIL'} ${name} (seed ${seed}): ${figures}; ${happened.join(', ')}`,
    ...wrong,
  ].join('\n');
};
