import { readFile } from 'node:fs/promises';
import { addProgram, itRunsPrograms, NODE_PACKAGES, SERVED } from './programs.js';
import {
  addDocumentedTest,
  DEFAULT_JEST,
  NEST_11_TSCONFIG,
  SWCRC,
  TESTS_PASSED,
} from './default-projects.js';
import { lastJson, UserProjects, type UserProject } from './user-project.js';

const NEST = ['common', 'core', 'microservices', 'testing'].map((name) => `@nestjs/${name}@11`);
const TOOLS = ['typescript@5', '@types/node@20', 'jest@30', '@types/jest@30', 'ts-jest@29'];
const OTHERS = ['reflect-metadata', 'rxjs', '@swc/core@1', '@swc/jest@0.2', 'esbuild@0.28'];

/** What a compiler is told in a project of before `exports`, and in one that keeps to CommonJS with it. */
const OLDER_RESOLUTIONS = [
  { type: 'commonjs', module: 'commonjs', moduleResolution: 'node10' },
  { type: 'commonjs', module: 'node16', moduleResolution: 'node16' },
] as const;

/** Loaded by Nest when it needs them, and not installed: a bundler is told to leave them. */
const OPTIONAL_FOR_NEST = [
  ...[
    '@nestjs/websockets',
    '@nestjs/platform-express',
    'class-transformer',
    'class-validator',
    'mqtt',
    'nats',
  ],
  ...['ioredis', 'amqplib', 'amqp-connection-manager', '@grpc/grpc-js', '@grpc/proto-loader'],
];

describe('the packed package in a Nest 11 project', () => {
  let projects: UserProjects;
  let project: UserProject;

  beforeAll(async () => {
    projects = await UserProjects.pack();
    project = await projects.create('nest-11', {
      'package.json': { name: 'user-app', private: true, jest: DEFAULT_JEST },
      'tsconfig.json': NEST_11_TSCONFIG,
      'jest-swc.json': { ...DEFAULT_JEST, transform: { '^.+\\.(t|j)sx?$': ['@swc/jest'] } },
      '.swcrc': SWCRC,
    });
    await project.npmInstall(...NEST, ...TOOLS, ...OTHERS, ...NODE_PACKAGES, projects.tarball);
    await addDocumentedTest(project, 'commonjs');
  }, 300_000);

  afterAll(() => projects.remove());

  itRunsPrograms(() => project);

  it.each(OLDER_RESOLUTIONS)(
    'type-checks with moduleResolution $moduleResolution, and runs',
    async (resolution) => {
      const name = resolution.moduleResolution;
      await addProgram(project, name, resolution);
      expect(await project.typeErrors(name)).toBe('');
      expect(lastJson(await project.node(`${name}/main.js`))).toEqual(SERVED);
    },
    120_000,
  );

  it.each(['module/main.ts', 'commonjs/main.js'])(
    'is bundled from %s by esbuild',
    async (entry) => {
      const options = ['--bundle', '--platform=node', '--outfile=bundle/main.cjs', '--log-level=warning'];
      const external = OPTIONAL_FOR_NEST.map((name) => `--external:${name}`);
      expect((await project.binary('esbuild', entry, ...options, ...external)).output).toBe('');
      // Where nothing is installed.
      const elsewhere = await projects.create('bundle', {
        'main.cjs': await readFile(project.path('bundle/main.cjs'), 'utf8'),
      });
      expect(lastJson(await elsewhere.node('main.cjs'))).toEqual(SERVED);
    },
    60_000,
  );

  it('runs the documented test with ts-jest', async () => {
    const { code, output } = await project.tool('jest/bin/jest.js');
    expect(output).toMatch(TESTS_PASSED);
    expect(code).toBe(0);
  }, 120_000);

  it('runs the documented test with @swc/jest', async () => {
    const { code, output } = await project.tool('jest/bin/jest.js', '--config', 'jest-swc.json');
    expect(output).toMatch(TESTS_PASSED);
    expect(code).toBe(0);
  }, 120_000);
});
