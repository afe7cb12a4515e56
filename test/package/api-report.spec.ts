import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ran } from './user-project.js';

const ROOT = join(__dirname, '..', '..');

/** Entry points by the name of their report. */
const DECLARATIONS: Readonly<Record<string, string>> = {
  index: 'index.d.ts',
  kafkajs: 'driver/kafkajs/kafkajs-driver.d.ts',
  memory: 'driver/memory/memory-driver.d.ts',
};

/** Nothing but the report: what it says about comments is not asked for. */
const configOf = (name: string, folder: string): object => {
  const quiet = { default: { logLevel: 'none' } };
  return {
    projectFolder: ROOT,
    mainEntryPointFilePath: join(ROOT, 'dist/esm', DECLARATIONS[name]!),
    compiler: { tsconfigFilePath: join(ROOT, 'tsconfig.build.json') },
    apiReport: {
      enabled: true,
      reportFileName: `${name}.api.md`,
      reportFolder: folder,
      reportTempFolder: join(folder, 'temp'),
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: { extractorMessageReporting: quiet, tsdocMessageReporting: quiet },
  };
};

/** Without what changes with comments only. */
const typesOf = (report: string): string =>
  report.replaceAll(' (undocumented)', '').replaceAll(/^ *\/\/(| \(undocumented\)| Warning: .*)\n/gm, '');

describe('the public types', () => {
  let folder: string;

  beforeAll(async () => {
    // In the tree, where the tool finds whose types these are.
    await mkdir(join(ROOT, 'build'), { recursive: true });
    folder = await mkdtemp(join(ROOT, 'build', 'api-'));
  });

  afterAll(() => rm(folder, { recursive: true }));

  it.each(Object.keys(DECLARATIONS))(
    'of %s are those of its report under api/: `npm run api` writes it anew, for a review to see',
    async (name) => {
      const config = join(folder, `${name}.json`);
      await writeFile(config, JSON.stringify(configOf(name, folder)));
      await mkdir(join(folder, 'temp'), { recursive: true });
      const extractor = join(ROOT, 'node_modules/@microsoft/api-extractor/bin/api-extractor');
      const { code, output } = await ran(process.execPath, [extractor, 'run', '--local', '-c', config], ROOT);
      if (code !== 0) throw new Error(output);
      const types = typesOf(await readFile(join(folder, `${name}.api.md`), 'utf8'));
      const kept = join(ROOT, 'api', `${name}.api.md`);
      if (process.env.UPDATE_API === '1') await writeFile(kept, types);
      expect(types).toBe(await readFile(kept, 'utf8'));
    },
    60_000,
  );
});
