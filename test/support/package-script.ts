import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..', '..');

/**
 * Runs an ES module in a process of its own, in which `nestjs-kafka-rpc` is the built package.
 * @returns what it printed, on both ways out
 */
export const runScript = async (
  source: string,
  { args = [], nodeOptions = [] }: { args?: readonly string[]; nodeOptions?: readonly string[] } = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> => {
  if (!existsSync(join(ROOT, 'dist', 'esm', 'index.js')))
    throw new Error('dist is missing: npm run build makes it.');
  const given = [...nodeOptions, '--input-type=module', '--eval', source, '--', ...args];
  return promisify(execFile)(process.execPath, given, { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 });
};
