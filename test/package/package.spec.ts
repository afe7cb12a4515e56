import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = join(__dirname, '..', '..');
const EXPECTED = { value: 3, other: 7, status: 'PERMISSION_DENIED' };

const npm = (cwd: string, ...args: string[]) => run('npm', args, { cwd, maxBuffer: 64 * 1024 * 1024 });

/** A project as a user has it: its own folder, its own node_modules, nothing of this repository but the tarball. */
const makeProject = async (folder: string, tarball: string, nest: string): Promise<void> => {
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'user-app', private: true }));
  const nestPackages = ['common', 'core', 'microservices'].map((name) => `@nestjs/${name}@${nest}`);
  const others = ['reflect-metadata', 'rxjs', 'typescript@~6.0', '@types/node@20', tarball];
  await npm(folder, 'install', '--no-audit', '--no-fund', ...nestPackages, ...others);
};

const addProgram = async (folder: string, type: 'module' | 'commonjs'): Promise<string> => {
  const program = join(folder, type);
  await mkdir(program);
  await writeFile(join(program, 'package.json'), JSON.stringify({ type }));
  await cp(join(__dirname, 'fixture', 'main.ts'), join(program, 'main.ts'));
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [join(folder, 'node_modules', '@types')],
  };
  await writeFile(join(program, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['main.ts'] }));
  return program;
};

describe('the packed package', () => {
  let folder: string;
  let tarball: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nestjs-kafka-rpc-package-'));
    const { stdout } = await npm(ROOT, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
    const packed = JSON.parse(stdout) as { filename: string }[] | Record<string, { filename: string }>;
    tarball = join(folder, Object.values(packed)[0]!.filename);
  }, 60_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe.each(['12', '11'])('in an empty Nest %s project', (nest) => {
    const project = () => join(folder, `nest-${nest}`);

    beforeAll(() => makeProject(project(), tarball, nest), 300_000);

    it.each(['module', 'commonjs'] as const)(
      'type-checks and serves calls from a program of type %s',
      async (type) => {
        const program = await addProgram(project(), type);
        const tsc = join(project(), 'node_modules', 'typescript', 'bin', 'tsc');
        const checked = await run(process.execPath, [tsc, '-p', program]).catch(
          (error: { stdout?: string }) => error,
        );
        expect(checked.stdout).toBe('');
        const { stdout } = await run(process.execPath, [join(program, 'main.js')], { timeout: 60_000 });
        expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual(EXPECTED);
      },
      120_000,
    );
  });
});
