import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { UserProject } from './user-project.js';

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

/** The same, of the compiler. */
export const NEST_11_TSCONFIG = {
  compilerOptions: {
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
    baseUrl: './',
    incremental: true,
    skipLibCheck: true,
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
    rootDir: '.',
    incremental: true,
    skipLibCheck: true,
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

const FIXTURES = join(__dirname, 'fixture');

/** The documented test and what it tests; in CommonJS relative imports have no `.js`. */
export const addDocumentedTest = async (
  project: UserProject,
  folder: string,
  type: 'module' | 'commonjs',
): Promise<void> => {
  const names = ['sum.controller.ts', 'sum.service.ts', 'sum.module.ts', 'sum.spec.txt'];
  for (const name of names) {
    const text = await readFile(join(FIXTURES, name), 'utf8');
    const written = type === 'module' ? text : text.replaceAll(/(from '\.\/.*)\.js'/g, "$1'");
    await project.write({ [`${folder}/${name.replace('.txt', '.ts')}`]: written });
  }
};
