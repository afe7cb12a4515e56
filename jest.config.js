import process from 'node:process';

/** Nest 12 is ESM: its files go through the same transform as ours, so no VM flag is needed. */
const transform = {
  '^.+\\.(ts|m?js)$': [
    '@swc/jest',
    {
      jsc: {
        target: 'es2022',
        keepClassNames: true,
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
      module: { type: 'commonjs' },
      sourceMaps: 'inline',
    },
  ],
};

const project = (displayName, testMatch, extra = {}) => ({
  displayName,
  testEnvironment: 'node',
  rootDir: '.',
  testMatch,
  transform,
  transformIgnorePatterns: ['/node_modules/(?!(?:@nestjs|arktype|@ark|arkregex)/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/build/'],
  moduleNameMapper: {
    '^nestjs-kafka-rpc$': '<rootDir>/lib/index.ts',
    '^nestjs-kafka-rpc/kafkajs$': '<rootDir>/lib/driver/kafkajs/kafkajs-driver.ts',
    '^nestjs-kafka-rpc/memory$': '<rootDir>/lib/driver/memory/memory-driver.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  setupFiles: ['reflect-metadata'],
  setupFilesAfterEnv: ['<rootDir>/test/support/no-listeners-left.ts'],
  ...extra,
});

/** One broker for all suites of a run; those that hurt their broker start their own. */
const SHARED_KAFKA = {
  globalSetup: '<rootDir>/test/broker/jest-global-setup.ts',
  globalTeardown: '<rootDir>/test/broker/jest-global-teardown.ts',
};

/** What is published, by users' names and by those of its files: threats are met by what users run. */
const BUILT_PACKAGE = {
  modulePathIgnorePatterns: ['<rootDir>/build/'],
  moduleNameMapper: {
    '^nestjs-kafka-rpc$': '<rootDir>/dist/esm/index.js',
    '^nestjs-kafka-rpc/kafkajs$': '<rootDir>/dist/esm/driver/kafkajs/kafkajs-driver.js',
    '^nestjs-kafka-rpc/memory$': '<rootDir>/dist/esm/driver/memory/memory-driver.js',
    '^(?:\\.\\./)+lib/(.*\\.js)$': '<rootDir>/dist/esm/$1',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
};

/** What is held against limits of time needs the machine for itself, and is not yet met on every one: `npm run test:limits` alone. */
const TIMED_FAULTS = ['three-brokers', 'servers-come-and-go', 'behind-a-delay'];
const withoutTimedFaults = TIMED_FAULTS.map((name) => `!**/e2e/faults/${name}.e2e-spec.ts`);

export default {
  // A machine may have other things to do: no test is about how fast it runs. For all projects, so not in theirs.
  testTimeout: 30_000,
  // Most suites wait for a broker, not for a core. CI takes its time, and leaves a core to the broker.
  maxWorkers: process.env.CI ? 1 : 2,
  projects: [
    project('unit', [
      '<rootDir>/test/unit/**/*.spec.ts',
      '<rootDir>/test/*.spec.ts',
      '<rootDir>/test/issues/*.spec.ts',
    ]),
    project('security', ['<rootDir>/test/security/*.spec.ts'], BUILT_PACKAGE),
    project('conformance', ['<rootDir>/test/conformance/*.spec.ts']),
    project(
      'e2e',
      [
        '<rootDir>/test/e2e/**/*.e2e-spec.ts',
        '!**/e2e/S*.e2e-spec.ts',
        ...(process.env.FAULTS === 'long' ? [] : withoutTimedFaults),
      ],
      SHARED_KAFKA,
    ),
    project('security-e2e', ['<rootDir>/test/e2e/S*.e2e-spec.ts'], { ...BUILT_PACKAGE, ...SHARED_KAFKA }),
    project('package', ['<rootDir>/test/package/*.spec.ts'], SHARED_KAFKA),
  ],
};
