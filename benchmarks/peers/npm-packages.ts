import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { keptFolder } from './kept-folder.js';
import { runTool } from './run-tool.js';

/** Packages of a peer that are no dependencies of this package, with their versions. */
export interface NpmPackages {
  readonly peer: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** A machine without a network is to learn it in seconds: as it comes, npm tries for more than a minute. */
const INSTALL_OPTIONS = [
  '--no-audit',
  '--no-fund',
  '--ignore-scripts',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=1000',
];

/** The folder that has them in its `node_modules`, fetched once and kept. @throws Error with what npm said */
export function npmPackages({ peer, versions }: NpmPackages, tell: (line: string) => void): Promise<string> {
  const manifest = JSON.stringify({ private: true, dependencies: versions });
  return keptFolder(
    {
      name: peer,
      madeOf: manifest,
      fill: async (folder) => {
        await writeFile(join(folder, 'package.json'), manifest);
        await runTool('npm', ['install', ...INSTALL_OPTIONS], folder);
      },
    },
    tell,
  );
}

/** Loads a package from such a folder; what it gives is the caller's word. */
export const loadFrom = <T>(folder: string, name: string): T =>
  createRequire(join(folder, 'package.json'))(name) as T;
