import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SIGNIFICANT_DIGITS = 4;

/** Writes the results as JSON, one file per benchmark; gives its name. */
export async function writeResults(folder: string, name: string, results: unknown): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  await writeFile(file, `${JSON.stringify(results, rounded, 2)}\n`);
  return file;
}

/** Digits beyond the noise only make differences between two files look like more than they are. */
const rounded = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value)
    ? Number(value.toPrecision(SIGNIFICANT_DIGITS))
    : value;
