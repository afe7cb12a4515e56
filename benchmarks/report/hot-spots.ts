import { readFile } from 'node:fs/promises';
import { table } from './table.js';

const SHOWN = 40;

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Spot {
  readonly name: string;
  readonly place: string;
  selfMs: number;
}

/** Where a process's time went: first by package, then by function, self time as a share of all that was not idle. */
export async function hotSpots(file: string): Promise<string> {
  const profile = JSON.parse(await readFile(file, 'utf8')) as CpuProfile;
  const spots = spotsOf(profile);
  const all = spots.reduce((sum, { selfMs }) => sum + selfMs, 0);
  const idle = spots.find(({ name }) => name === '(idle)')?.selfMs ?? 0;
  const busy = spots.filter(({ name }) => name !== '(idle)').sort((a, b) => b.selfMs - a.selfMs);
  const share = (ms: number): string => `${((ms / (all - idle)) * 100).toFixed(1)} %`;
  const packages = new Map<string, number>();
  for (const { place, selfMs } of busy) {
    const owner = ownerOf(place);
    packages.set(owner, (packages.get(owner) ?? 0) + selfMs);
  }
  const owners = [...packages].sort(([, a], [, b]) => b - a);
  return [
    `busy ${((1 - idle / all) * 100).toFixed(0)} % of ${(all / 1_000).toFixed(1)} s\n\n`,
    table([['package', 'self'], ...owners.map(([owner, ms]) => [owner, share(ms)])]),
    '\n',
    table([
      ['function', 'self', 'place'],
      ...busy.slice(0, SHOWN).map(({ name, place, selfMs }) => [name, share(selfMs), place]),
    ]),
  ].join('');
}

function spotsOf({ nodes, samples, timeDeltas }: CpuProfile): Spot[] {
  const spots = new Map<string, Spot>();
  const spotOfNode = new Map<number, Spot>();
  for (const { id, callFrame } of nodes) {
    const place = callFrame.url === '' ? '' : `${shortPath(callFrame.url)}:${callFrame.lineNumber + 1}`;
    const name = callFrame.functionName || '(anonymous)';
    const spot = spots.get(`${name} ${place}`) ?? { name, place, selfMs: 0 };
    spots.set(`${name} ${place}`, spot);
    spotOfNode.set(id, spot);
  }
  for (const [at, id] of samples.entries()) {
    const spot = spotOfNode.get(id);
    if (spot !== undefined) spot.selfMs += (timeDeltas[at] ?? 0) / 1_000;
  }
  return [...spots.values()];
}

/** From the package's name on, or from the package root on for its own files. */
const shortPath = (url: string): string =>
  url.replace(/^.*\/node_modules\//, '').replace(/^file:.*\/(dist|build)\//, '$1/');

function ownerOf(place: string): string {
  if (place === '') return '(V8 and native code)';
  if (place.startsWith('node:')) return 'node';
  return /^(@[^/]+\/[^/]+|[^/]+)/.exec(place)?.[0] ?? place;
}
