import { join } from 'node:path';
import { ran, UserProjects } from './user-project.js';

const tool = (file: string): string => join(__dirname, '..', '..', 'node_modules', file);

describe('the entry points of the packed package', () => {
  let projects: UserProjects;

  beforeAll(async () => {
    projects = await UserProjects.pack();
  }, 60_000);

  afterAll(() => projects.remove());

  it.each([
    ['publint', 'publint/src/cli.js', ['run', '--strict'], 'All good!'],
    ['Are the types wrong?', '@arethetypeswrong/cli/dist/index.js', ['--no-emoji'], 'No problems found'],
  ])(
    'are clean by %s',
    async (_name, file, args, verdict) => {
      const { code, output } = await ran(
        process.execPath,
        [tool(file), ...args, projects.tarball],
        projects.folder,
      );
      expect(output).toContain(verdict);
      expect(code).toBe(0);
    },
    60_000,
  );
});
