import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { format, resolveConfig } from 'prettier';
import type { WindowResult } from '../conductor/window-result.js';
import { runReport } from './run-report.js';

/** Writes the page of a run, in the form that the repository's pages have. */
export const writeReport = async (
  file: string,
  results: readonly WindowResult[],
  { seed, callsPerSecond }: { readonly seed: number; readonly callsPerSecond: number },
): Promise<void> => {
  const where = `three brokers, servers and clients on one machine with ${availableParallelism()} cores, Node ${process.version}`;
  const day = new Date().toISOString().slice(0, 10);
  const page = runReport(results, { seed, callsPerSecond, where, day });
  const config = await resolveConfig(file);
  await writeFile(file, await format(page, { ...config, filepath: file }));
};
