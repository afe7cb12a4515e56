import { addDocumentedTest, NEST_12_TSCONFIG, TESTS_PASSED, VITEST_CONFIG } from './default-projects.js';
import { itRunsPrograms, NODE_LINES, NODE_PACKAGES, runOnNode } from './programs.js';
import { lastJson, UserProjects, type UserProject } from './user-project.js';

const NEST = ['common', 'core', 'microservices', 'testing'].map((name) => `@nestjs/${name}@12`);
const OTHERS = ['reflect-metadata', 'rxjs', 'typescript@~6.0', '@types/node@20', 'vitest@4'];

describe('the packed package in a Nest 12 project', () => {
  let projects: UserProjects;
  let project: UserProject;

  beforeAll(async () => {
    projects = await UserProjects.pack();
    project = await projects.create('nest-12', {
      'package.json': { name: 'user-app', private: true, type: 'module' },
      'tsconfig.json': NEST_12_TSCONFIG,
      'vitest.config.ts': VITEST_CONFIG,
    });
    await project.npmInstall(...NEST, ...OTHERS, ...NODE_PACKAGES, projects.tarball);
    await addDocumentedTest(project, 'module');
  }, 300_000);

  afterAll(() => projects.remove());

  itRunsPrograms(() => project);

  it('runs the documented test with Vitest', async () => {
    const { code, output } = await project.tool('vitest/vitest.mjs', 'run');
    expect(output).toMatch(TESTS_PASSED);
    expect(code).toBe(0);
  }, 120_000);

  describe.each(NODE_LINES)('on Node %s', (line) => {
    it('is one copy, by require() and by import', async () => {
      await project.copyFixture('one-copy.cjs', 'one-copy.cjs');
      const printed = lastJson(await runOnNode(line, project, 'one-copy.cjs'));
      expect(printed).toEqual({ areOne: [true, true, true], works: 'function' });
    });

    it('knows the errors of a second copy by instanceof, where both outputs are loaded all the same', async () => {
      await project.copyFixture('two-copies.cjs', 'two-copies.cjs');
      const printed = lastJson(await runOnNode(line, project, 'two-copies.cjs'));
      expect(printed).toEqual({ areTwo: true, esmKnowsCjs: true, cjsKnowsEsm: true, haveSameNames: true });
    });
  });
});
