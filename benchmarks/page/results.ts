import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Row } from '../measure/turns.js';
import type { RoundTripReport } from '../report/round-trip-report.js';
import type { Verdict } from '../report/target.js';

export interface RunFacts {
  readonly versions: { readonly node: string };
}

export type RoundTripResults = RoundTripReport & RunFacts;

interface WithRows {
  readonly rows: readonly Row[];
}

interface WithTargets {
  readonly targets: readonly Verdict[];
}

/** What the suite wrote into one folder, as far as the page shows it. */
export interface Results {
  readonly roundTrip: RoundTripResults;
  /** As it was before the work on speed; its figures are those of that time. */
  readonly roundTripBefore: RoundTripResults;
  readonly node24: RoundTripResults;
  readonly legs: WithRows;
  readonly payload: WithRows & WithTargets;
  readonly scale: {
    readonly fleets: readonly Row[];
    readonly replyPartitions: readonly Row[];
    readonly requestPartitions: readonly Row[];
    readonly openLoop: readonly Row[];
    readonly atRest: readonly Row[];
  } & WithTargets;
  readonly stream: WithRows;
  readonly event: WithRows;
  readonly burst: WithRows;
  readonly start: WithRows;
  readonly idle: WithTargets;
  readonly memory: { readonly residentSize: readonly Row[] } & WithTargets;
  readonly micro: WithRows;
}

const FILES: Readonly<Record<keyof Results, string>> = {
  roundTrip: 'round-trip.json',
  roundTripBefore: 'round-trip-before.json',
  node24: 'node-24/round-trip.json',
  legs: 'legs.json',
  payload: 'payload.json',
  scale: 'scale.json',
  stream: 'stream.json',
  event: 'event.json',
  burst: 'burst.json',
  start: 'start.json',
  idle: 'idle.json',
  memory: 'memory.json',
  micro: 'micro.json',
};

/** @throws Error when a file is not there, or is not JSON. */
export async function readResults(folder: string): Promise<Results> {
  const read = async ([name, file]: [string, string]): Promise<[string, unknown]> => [
    name,
    JSON.parse(await readFile(join(folder, file), 'utf8')),
  ];
  return Object.fromEntries(await Promise.all(Object.entries(FILES).map(read))) as unknown as Results;
}
