import { allFences, readBlocks } from '../support/doc-blocks.js';
import type { ModuleType, UserProject } from './user-project.js';

/** What `nest new` writes into a Nest 11 project. */
export const DEFAULT_JEST = {
  moduleFileExtensions: ['js', 'json', 'ts'],
  rootDir: 'src',
  testRegex: '.*\\.spec\\.ts$',
  transform: { '^.+\\.(t|j)s$': 'ts-jest' },
  collectCoverageFrom: ['**/*.(t|j)s'],
  coverageDirectory: '../coverage',
  testEnvironment: 'node',
};

/** What `nest new` tells the compiler, in Nest 11 and 12 alike. */
const NEST_COMPILER_OPTIONS = {
  module: 'nodenext',
  moduleResolution: 'nodenext',
  resolvePackageJsonExports: true,
  esModuleInterop: true,
  isolatedModules: true,
  declaration: true,
  removeComments: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  allowSyntheticDefaultImports: true,
  target: 'ES2023',
  sourceMap: true,
  outDir: './dist',
  incremental: true,
  skipLibCheck: true,
};

/** All that it tells it in a Nest 11 project. */
export const NEST_11_TSCONFIG = {
  compilerOptions: {
    ...NEST_COMPILER_OPTIONS,
    baseUrl: './',
    strictNullChecks: true,
    forceConsistentCasingInFileNames: true,
    noImplicitAny: true,
    strictBindCallApply: true,
    noFallthroughCasesInSwitch: true,
  },
};

/** What `nest new` writes into a Nest 12 project of ES modules. */
export const NEST_12_TSCONFIG = {
  compilerOptions: {
    ...NEST_COMPILER_OPTIONS,
    rootDir: '.',
    strict: true,
    strictPropertyInitialization: false,
    types: ['vitest/globals', 'node'],
  },
};

/** The same, but for the plugin that resolves path aliases. */
export const VITEST_CONFIG = `import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { globals: true, root: './', include: ['**/*.spec.ts'] },
});
`;

/** As Nest's documentation has it for SWC. */
export const SWCRC = {
  $schema: 'https://json.schemastore.org/swcrc',
  sourceMaps: true,
  jsc: {
    parser: { syntax: 'typescript', decorators: true, dynamicImport: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    baseUrl: './',
  },
  minify: false,
};

/** Jest and Vitest alike, of the two tests. */
export const TESTS_PASSED = /Tests:?\s+2 passed/;

const SERVICE = ['sum.controller.ts', 'sum.module.ts'];

/** The test of docs/guides/testing.md and what it tests: its name is one that Jest and Vitest look for in projects of `nest new`. */
export const addDocumentedTest = async (project: UserProject, type: ModuleType): Promise<void> => {
  for (const name of SERVICE) await project.write({ [`src/${name}`]: documented(name, type) });
  await project.write({ 'src/sum.spec.ts': documented('sum.spec.ts', type) });
};

/** A file as the pages have it; as they say, relative imports have no `.js` in CommonJS. */
const documented = (name: string, type: ModuleType): string => {
  const block = readBlocks(allFences()).find((candidate) => candidate.name === name);
  if (block === undefined) throw new Error(`No page has a block ${name}.`);
  return type === 'module' ? block.code : block.code.replaceAll(/(from '\.\/.*)\.js'/g, "$1'");
};

/** The first snippet of the README, beside the programs. */
export const firstTry = (): string => documented('first-try.ts', 'module');
