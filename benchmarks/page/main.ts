import { readFile, writeFile } from 'node:fs/promises';
import { fillTables } from './fill.js';
import { pageTables } from './page-tables.js';
import { readResults } from './results.js';

const PAGE = 'docs/performance.md';
const RESULTS = 'benchmarks/results';

/** Writes the tables of the page anew, from what the suite found. */
async function main(): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  await writeFile(PAGE, fillTables(page, pageTables(await readResults(RESULTS))));
  process.stderr.write(`Written: the tables of ${PAGE}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
