import { conduct } from '../conductor/conductor.js';
import type { WindowResult } from '../conductor/window-result.js';
import { MATRIX } from '../windows/matrix.js';
import { PLANTED_BUGS, type PlantedBug } from './bugs.js';

/** Plays for each planted bug the window in which it has to come to light. @returns those that did not */
export const prove = async (
  bugs: readonly PlantedBug[],
  { seed, callsPerSecond, say }: { seed: number; callsPerSecond: number; say: (line: string) => void },
): Promise<readonly string[]> => {
  const windows = bugs.map(({ name, window }) => {
    const found = MATRIX.find((each) => each.name === window);
    if (found === undefined) throw new Error(`There is no window "${window}".`);
    return { ...found, name: `${name}: ${window}`, nodeOptions: ['--import', urlOf(name)] };
  });
  const results = await conduct({ windows, seed, callsPerSecond, say });
  return bugs.filter((bug, at) => !isNoticed(bug, results[at])).map(({ name }) => name);
};

const isNoticed = ({ noticedBy }: PlantedBug, result: WindowResult | undefined): boolean =>
  result?.violations.some(({ invariant }) => noticedBy.includes(invariant)) ?? false;

const urlOf = (bug: string): string => new URL(`./plant.js?bug=${bug}`, import.meta.url).href;

export const bugsNamed = (text: string | undefined): readonly PlantedBug[] =>
  PLANTED_BUGS.filter(({ name }) => text === undefined || name.includes(text));
