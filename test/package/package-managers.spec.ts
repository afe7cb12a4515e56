import { addProgram, SERVED } from './programs.js';
import { lastJson, ran, UserProjects, type Ran, type UserProject } from './user-project.js';

const DEPENDENCIES = {
  '@nestjs/common': '12',
  '@nestjs/core': '12',
  '@nestjs/microservices': '12',
  'reflect-metadata': '0.2',
  rxjs: '7',
};
const DEV_DEPENDENCIES = { typescript: '~6.0', '@types/node': '20' };

/** A project that is installed by another package manager than npm, which npm installs. */
const createProject = async (
  projects: UserProjects,
  manager: string,
  files: Readonly<Record<string, object | string>>,
): Promise<UserProject> => {
  const dependencies = { ...DEPENDENCIES, 'nestjs-kafka-rpc': `file:${projects.tarball}` };
  const project = await projects.create(manager, {
    'package.json': { name: 'user-app', private: true, dependencies, devDependencies: DEV_DEPENDENCIES },
    ...files,
  });
  await addProgram(project, 'app', {
    type: 'module',
    module: 'nodenext',
    moduleResolution: 'nodenext',
  });
  return project;
};

/** Nest 12.5 itself does not declare one of its types' packages. */
const errorsButNests = ({ output }: Ran): readonly string[] =>
  output.split('\n').filter((line) => /error TS/.test(line) && !/[/\\]@nestjs[/\\-]/.test(line));

describe('the packed package in a project', () => {
  let projects: UserProjects;
  let managers: UserProject;

  beforeAll(async () => {
    projects = await UserProjects.pack();
    managers = await projects.create('managers', { 'package.json': { name: 'managers', private: true } });
    await managers.npmInstall('pnpm@12', '@yarnpkg/cli-dist@4');
  }, 180_000);

  afterAll(() => projects.remove());

  it('of pnpm, without hoisting and with strict peers, type-checks and serves calls', async () => {
    const project = await createProject(projects, 'pnpm', {
      'pnpm-workspace.yaml': 'hoist: false\nstrictPeerDependencies: true\n',
    });
    const installed = await project.node(managers.path('node_modules/pnpm/bin/pnpm.mjs'), 'install');
    expect(installed).toMatchObject({ code: 0 });
    expect(errorsButNests(await project.tool('typescript/bin/tsc', '-p', 'app'))).toEqual([]);
    expect(lastJson(await project.node('app/main.js'))).toEqual(SERVED);
  }, 180_000);

  it('of Yarn, by Plug’n’Play, type-checks and serves calls', async () => {
    const project = await createProject(projects, 'yarn', {
      'yarn.lock': '',
      '.yarnrc.yml': [
        'nodeLinker: pnp',
        `npmRegistryServer: "${await npmRegistry(managers)}"`,
        'enableTelemetry: false',
        'enableGlobalCache: false',
        'enableImmutableInstalls: false',
      ].join('\n'),
    });
    const yarn = (...args: readonly string[]) =>
      project.node(managers.path('node_modules/@yarnpkg/cli-dist/bin/yarn.js'), ...args);
    expect(await yarn('install')).toMatchObject({ code: 0 });
    expect(errorsButNests(await yarn('tsc', '-p', 'app'))).toEqual([]);
    expect(lastJson(await yarn('node', 'app/main.js'))).toEqual(SERVED);
  }, 180_000);
});

/** Yarn knows only its own: it is told that of npm. */
const npmRegistry = async ({ folder }: UserProject): Promise<string> =>
  (await ran('npm', ['config', 'get', 'registry'], folder)).output.trim();
