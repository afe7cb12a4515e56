import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { allFences, readBlocks, ROOT } from '../support/doc-blocks.js';

const run = promisify(execFile);

/** The files of the pages, in their order; a test runner's are run by one elsewhere. */
const files = readBlocks(allFences()).filter(({ name }) => !/^block-|spec\.ts$/.test(name));

/** In place of Kafka, and of the port that somebody else may have. */
const KAFKA = `import { memoryDriver } from 'nestjs-kafka-rpc/memory';\nexport const driver = memoryDriver();\n`;

const SYSTEMS = {
  module: { module: ts.ModuleKind.ESNext, imports: (code: string) => code },
  // As the pages say: without `.js`.
  commonjs: {
    module: ts.ModuleKind.CommonJS,
    imports: (code: string) => code.replace(/(from '\.[^']*)\.js'/g, "$1'"),
  },
} as const;

/** The service first; each file is done when its bootstrap() is. Prints what each has printed, as JSON. */
const RUNNER = `
import { formatWithOptions } from 'node:util';
const printed = {};
const tell = console.log;
for (const name of ['main', ...NAMES]) {
  const lines = (printed[name] = []);
  console.log = (...values) => lines.push(formatWithOptions({ colors: false }, ...values));
  const { finished } = await import('./' + name + '.js').then((loaded) => loaded.default ?? loaded);
  await finished;
}
tell(JSON.stringify(printed));
process.exit();
`;

describe('the files of the pages, as files of a project that uses the built package', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'nestjs-kafka-rpc-snippets-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(['module', 'commonjs'] as const)(
    'run with "type": "%s" and print what they say',
    async (type) => {
      const project = path.join(folder, type);
      await mkdir(path.join(project, 'node_modules'), { recursive: true });
      await symlink(ROOT, path.join(project, 'node_modules/nestjs-kafka-rpc'));
      for (const name of [
        '@nestjs',
        'reflect-metadata',
        'rxjs',
        'class-validator',
        'class-transformer',
        'zod',
      ])
        await symlink(path.join(ROOT, 'node_modules', name), path.join(project, 'node_modules', name));
      await writeFile(path.join(project, 'package.json'), JSON.stringify({ type }));
      const { module, imports } = SYSTEMS[type];
      for (const { name, code } of files) {
        const source = imports(name === 'kafka.ts' ? KAFKA : code)
          .replace(/^void bootstrap\(\);$/m, 'export const finished = bootstrap();')
          .replace('app.listen(3000)', 'app.listen(0)');
        const { outputText } = ts.transpileModule(source, {
          compilerOptions: {
            target: ts.ScriptTarget.ES2022,
            module,
            esModuleInterop: true,
            experimentalDecorators: true,
            emitDecoratorMetadata: true,
          },
        });
        await writeFile(path.join(project, name.replace(/ts$/, 'js')), outputText);
      }
      const names = files.map(({ name }) => name.replace('.ts', '')).filter((name) => name !== 'main');
      const runner = path.join(project, 'run.mjs');
      await writeFile(runner, RUNNER.replace('NAMES', JSON.stringify(names)));

      const { stdout } = await run(process.execPath, [runner], {
        timeout: 60_000,
        env: { ...process.env, NO_COLOR: '1' },
      });

      const printed = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, string[]>;
      expect(printed).toEqual(
        Object.fromEntries(files.map(({ name, promised }) => [name.replace('.ts', ''), promised])),
      );
    },
    90_000,
  );
});
