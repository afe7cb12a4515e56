import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { importsOf, packageOf } from './support/imports-of.js';

const ROOT = path.join(__dirname, '..');
const ALLOWED = ['@nestjs/common', '@nestjs/core', '@nestjs/microservices', 'rxjs'];
const ALLOWED_FROM: Readonly<Record<string, readonly string[]>> = { './kafkajs': [...ALLOWED, 'kafkajs'] };

/** From an entry point, as it is imported, to its declarations, as they are published. */
const ENTRY_POINTS: readonly (readonly [string, string])[] = Object.entries(
  (JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { exports: Record<string, unknown> })
    .exports,
).flatMap(([name, target]) => {
  const types = (target as { import?: { types: string } }).import?.types;
  return types === undefined ? [] : [[name, types] as const];
});

let dist: string;
let build: string;

/** Every declaration file that a user of this entry point sees, and those that these import. */
function reachable(types: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const visit = (file: string, from: string): void => {
    if (texts.has(file)) return;
    const absolute = path.join(dist, file);
    if (!existsSync(absolute)) throw new Error(`${from} needs ${file}, which lib/ does not build.`);
    const text = readFileSync(absolute, 'utf8');
    texts.set(file, text);
    for (const specifier of importsOf(file, text)) {
      if (packageOf(specifier) !== undefined) continue;
      visit(path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, '.d.ts'), file);
    }
  };
  visit(path.posix.relative('dist/esm', path.posix.normalize(types)), 'package.json');
  return texts;
}

const foreignImports = (files: ReadonlyMap<string, string>, allowed: readonly string[]): readonly string[] =>
  [...files].flatMap(([file, text]) =>
    importsOf(file, text)
      .filter((specifier) => {
        const name = packageOf(specifier);
        return name !== undefined && !isBuiltin(specifier) && !allowed.includes(name);
      })
      .map((specifier) => `${file} → ${specifier}`),
  );

/** Where a declaration says `any`: comments and names do not count. */
function anysOf(file: string, text: string): readonly string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false);
  const lines = text.split('\n');
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      const { line } = source.getLineAndCharacterOfPosition(node.end);
      found.push(`${file}:${line + 1}: ${lines[line]?.trim()}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('the public typings', () => {
  beforeAll(() => {
    dist = mkdtempSync(path.join(tmpdir(), 'public-types-'));
    const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const args = [tsc, '-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', dist];
    build = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }).stdout;
  }, 120_000);

  afterAll(() => {
    rmSync(dist, { recursive: true });
  });

  it('are built without an error', () => {
    expect(build).toBe('');
  });

  it('have the three entry points', () => {
    expect(ENTRY_POINTS.map(([name]) => name)).toEqual(['.', './kafkajs', './memory']);
  });

  describe.each(ENTRY_POINTS)('of %s', (name, types) => {
    it('import nothing but Node, Nest and rxjs, and kafkajs only where it is asked for', () => {
      expect(foreignImports(reachable(types), ALLOWED_FROM[name] ?? ALLOWED)).toEqual([]);
    });

    it('say `any` nowhere', () => {
      expect([...reachable(types)].flatMap(([file, text]) => anysOf(file, text))).toEqual([]);
    });
  });

  it('would be found out', () => {
    const text = `import { A } from '@msgpack/msgpack';\n/** any */\nexport declare const any: Map<string, any>;`;
    const files = new Map([['a.d.ts', `${text}\nexport type B = import('kafkajs').Kafka;`]]);
    expect(foreignImports(files, ALLOWED)).toEqual(['a.d.ts → @msgpack/msgpack', 'a.d.ts → kafkajs']);
    expect(anysOf('a.d.ts', text)).toEqual(['a.d.ts:3: export declare const any: Map<string, any>;']);
  });
});
