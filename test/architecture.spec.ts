import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CALL_OUTS } from '../lib/diagnostics/user-code.js';
import * as rules from './support/architecture-rules.js';
import { BORDERS, userCodeIsGuarded } from './support/call-out-rule.js';

type Files = Readonly<Record<string, string>>;

/** Each rule, and the smallest tree that breaks it: a rule that cannot fail holds nothing. */
const RULES: readonly (readonly [string, rules.Rule, Files, string])[] = [
  [
    'folders import along the arrows of the design only',
    rules.folderArrows,
    { 'protocol/a.ts': `import type { B } from '../wire/b.js';`, 'wire/b.ts': '' },
    'protocol/a.ts → wire/b.ts',
  ],
  [
    'only the port and the records of driver/ are seen from outside',
    rules.folderArrows,
    {
      'wire/a.ts': `import '../driver/driver.js'; import('../driver/memory/memory-driver.js');`,
      'driver/driver.ts': '',
      'driver/memory/memory-driver.ts': '',
    },
    'wire/a.ts → driver/memory/memory-driver.ts',
  ],
  [
    'client/ and server/ do not know each other',
    rules.clientAndServerApart,
    { 'client/a.ts': `export type { B } from '../server/b.js';`, 'server/b.ts': '' },
    'client/a.ts → server/b.ts',
  ],
  [
    'nothing imports index.ts',
    rules.nothingImportsIndex,
    { 'wire/a.ts': `import '../index.js';`, 'index.ts': '' },
    'wire/a.ts → index.ts',
  ],
  [
    'every file that is imported stands in lib/',
    rules.importsStayInside,
    { 'wire/a.ts': `import '../../test/x.js';` },
    'wire/a.ts → ../test/x.ts',
  ],
  [
    'drivers do not import each other',
    rules.driversApart,
    { 'driver/kafkajs/a.ts': `import '../memory/b.js';`, 'driver/memory/b.ts': '' },
    'driver/kafkajs/a.ts → driver/memory/b.ts',
  ],
  [
    'kafkajs is imported in driver/kafkajs only',
    rules.kafkajsInItsDriver,
    { 'driver/record.ts': `type K = import('kafkajs').Kafka;`, 'driver/kafkajs/a.ts': `import 'kafkajs';` },
    'driver/record.ts → kafkajs',
  ],
  [
    '@msgpack is imported in wire/serializers only',
    rules.msgpackInSerializers,
    { 'wire/codec.ts': `import '@msgpack/msgpack';`, 'wire/serializers/m.ts': `import '@msgpack/msgpack';` },
    'wire/codec.ts → @msgpack/msgpack',
  ],
  [
    'Nest and rxjs are imported in client/ and server/ only, but for what RpcError extends',
    rules.nestAtTheEdges,
    {
      'errors/rpc-error.ts': `import { RpcException } from '@nestjs/microservices';`,
      'server/a.ts': `import 'rxjs/operators';`,
      'wire/a.ts': `import type { Observable } from 'rxjs';`,
    },
    'wire/a.ts → rxjs',
  ],
  [
    'diagnostics/ imports nothing but what Node has',
    rules.diagnosticsIsALeaf,
    { 'diagnostics/a.ts': `import 'node:diagnostics_channel'; import 'pino';` },
    'diagnostics/a.ts → pino',
  ],
  ['every file stands in a folder of the design', rules.knownFolders, { 'misc/a.ts': '' }, 'misc/a.ts'],
  ['there is one index', rules.oneIndex, { 'index.ts': '', 'wire/index.ts': '' }, 'wire/index.ts'],
  [
    'no folder is named for what its files are made of',
    rules.foldersAreNouns,
    { 'wire/utils/a.ts': '' },
    'wire/utils/a.ts',
  ],
  [
    'no file is longer than 300 lines',
    rules.shortFiles,
    { 'wire/short.ts': '\n'.repeat(300), 'wire/long.ts': '\n'.repeat(301) },
    'wire/long.ts: 301 lines',
  ],
  [
    'user code is called only where it is guarded',
    userCodeIsGuarded,
    {
      'wire/stage-chain.ts': `const bytes = stage.encode(input, context);`,
      'wire/a.ts': `// stage.encode(input)\nconst bytes = stage.encode(input, context);`,
    },
    'wire/a.ts calls a wire stage, unguarded',
  ],
  [
    'files do not import each other in a circle, not even for types',
    rules.noCycles,
    {
      'wire/a.ts': `import type { B } from './b.js';`,
      'wire/b.ts': `import { c } from './c.js';`,
      'wire/c.ts': `import './a.js';`,
      'wire/d.ts': `import './a.js';`,
    },
    'wire/a.ts → wire/b.ts → wire/c.ts → wire/a.ts',
  ],
];

describe('lib/', () => {
  const sources = rules.readSources(path.join(__dirname, '../lib'));

  it.each(RULES)('%s', (_name, rule) => {
    expect(rule(sources)).toEqual([]);
  });

  it('is read with its imports', () => {
    const rpcError = sources.find(({ file }) => file === 'errors/rpc-error.ts');
    expect(rpcError).toMatchObject({
      files: ['errors/http-status.ts', 'errors/status.ts'],
      packages: ['@nestjs/microservices'],
    });
  });
});

describe.each(['sample-app', 'benchmarks'])('%s/', (folder) => {
  const sources = rules.readSources(path.join(__dirname, '..', folder));

  it('has no files that import each other in a circle, not even for types', () => {
    expect(sources.length).toBeGreaterThan(10);
    expect(rules.noCycles(sources)).toEqual([]);
  });
});

describe('the borders to user code', () => {
  const sources = rules.readSources(path.join(__dirname, '../lib'));

  it('are those of the list in lib, and the logger', () => {
    expect(Object.keys(BORDERS).sort()).toEqual([...CALL_OUTS, 'logger'].sort());
  });

  it.each(Object.entries(BORDERS))('are in the code, in every file that is named: %s', (_kind, border) => {
    const calling = sources.filter(({ text }) => border.calls.test(text)).map(({ file }) => file);
    expect(border.guards.filter((file) => !calling.includes(file))).toEqual([]);
  });
});

describe('a broken tree', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'architecture-'));
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it.each(RULES)('is found out: %s', (_name, rule, files, violation) => {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
      writeFileSync(path.join(root, file), text);
    }
    expect(rule(rules.readSources(root))).toEqual([violation]);
  });
});
