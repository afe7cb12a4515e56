import { firstTry } from './default-projects.js';
import { lastJson, ran, type ModuleType, type Ran, type UserProject } from './user-project.js';

/** The lines of Node that are supported, from npm: the oldest of 20, and what people run. */
export const NODE_LINES = ['20.19', '22', '24'] as const;

const nodeFolder = (line: string): string => `node-${line.split('.')[0]}`;

/** As npm takes them: a package for each, with nothing but the program. */
export const NODE_PACKAGES = NODE_LINES.map(
  (line) => `${nodeFolder(line)}@npm:node-${process.platform}-${process.arch}@${line}`,
);

/** Runs a file of a project that has installed `NODE_PACKAGES`. */
export const runOnNode = (line: string, project: UserProject, ...args: readonly string[]): Promise<Ran> =>
  ran(project.path('node_modules', nodeFolder(line), 'bin', 'node'), args, project.folder);

/** What fixture/main.ts prints. */
export const SERVED = { value: 3, other: 7, status: 'PERMISSION_DENIED' };

/** Declarations are checked, too. */
const COMPILER_OPTIONS = {
  target: 'es2022',
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  esModuleInterop: true,
  skipLibCheck: false,
  types: ['node'],
};

/** fixture/main.ts and the README's first snippet in a folder of their own, as a module of this type, for this resolution. */
export const addProgram = async (
  project: UserProject,
  name: string,
  { type, ...resolution }: { type: ModuleType; module: string; moduleResolution: string },
): Promise<void> => {
  const compilerOptions = { ...COMPILER_OPTIONS, ...resolution };
  await project.write({
    [`${name}/package.json`]: { type },
    [`${name}/tsconfig.json`]: { compilerOptions, include: ['*.ts'] },
    [`${name}/first-try.ts`]: firstTry(),
  });
  await project.copyFixture('main.ts', `${name}/main.ts`);
};

/** What holds in a project of any Nest that has installed `NODE_PACKAGES`. @param project it is there once the tests run */
export const itRunsPrograms = (project: () => UserProject): void => {
  describe.each(['module', 'commonjs'] as const)('of a program of type %s', (type) => {
    it('type-checks, and serves calls on every line of Node', async () => {
      await addProgram(project(), type, { type, module: 'nodenext', moduleResolution: 'nodenext' });
      expect(await project().typeErrors(type)).toBe('');
      for (const line of NODE_LINES)
        expect(lastJson(await runOnNode(line, project(), `${type}/main.js`))).toEqual(SERVED);
    }, 120_000);

    it('runs the first snippet of the README', async () => {
      const { output } = await project().node(`${type}/first-try.js`);
      expect(output.trim().split('\n').at(-1)).toBe('3');
    }, 60_000);
  });
};
