import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { importsOf, packageOf } from './imports-of.js';

/** A source file and what it imports; paths are relative to the root, with `/`. */
export interface SourceFile {
  readonly file: string;
  readonly lines: number;
  readonly text: string;
  /** Files of the same tree. */
  readonly files: readonly string[];
  /** Packages and built-ins, as they are named. */
  readonly packages: readonly string[];
}

export function readSources(root: string): readonly SourceFile[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readSource(root, name.replaceAll(path.sep, '/')))
    .sort((one, other) => one.file.localeCompare(other.file));
}

function readSource(root: string, file: string): SourceFile {
  const text = readFileSync(path.join(root, file), 'utf8');
  const specifiers = importsOf(file, text);
  const resolve = (specifier: string) =>
    path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, '.ts');
  return {
    file,
    lines: text.split('\n').length - 1,
    text,
    files: specifiers.filter((specifier) => packageOf(specifier) === undefined).map(resolve),
    packages: specifiers.filter((specifier) => packageOf(specifier) !== undefined),
  };
}

/** What breaks a rule, one line each. */
export type Rule = (sources: readonly SourceFile[]) => readonly string[];

const PORT = ['driver/driver.ts', 'driver/record.ts'];

/** Which folders, or which of their files, a folder may import besides itself. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  client: ['wire', 'contract', 'protocol', 'errors', 'diagnostics', ...PORT],
  server: ['wire', 'contract', 'protocol', 'errors', 'diagnostics', 'checksum', ...PORT],
  wire: ['protocol', 'errors', 'diagnostics', 'checksum', ...PORT],
  contract: ['protocol', 'errors'],
  protocol: ['errors'],
  driver: ['errors', 'diagnostics', 'checksum'],
  errors: [],
  diagnostics: ['errors/status.ts'],
  checksum: [],
};

const FORBIDDEN_FOLDERS = ['utils', 'helpers', 'common', 'shared', 'interfaces', 'types'];
const MAX_LINES = 300;
const INDEX = 'index.ts';
const RPC_ERROR = 'errors/rpc-error.ts';

const folderOf = (file: string): string => file.split('/')[0] ?? '';

const isNest = (name: string): boolean =>
  name.startsWith('@nestjs/') || name === 'rxjs' || name.startsWith('rxjs/');

const filesWhere =
  (test: (from: string, to: string) => boolean): Rule =>
  (sources) =>
    sources.flatMap(({ file, files }) => files.filter((to) => test(file, to)).map((to) => `${file} → ${to}`));

const packagesWhere =
  (test: (from: string, name: string) => boolean): Rule =>
  (sources) =>
    sources.flatMap(({ file, packages }) =>
      packages.filter((name) => test(file, name)).map((name) => `${file} → ${name}`),
    );

const namesWhere =
  (test: (source: SourceFile) => boolean): Rule =>
  (sources) =>
    sources.filter(test).map(({ file }) => file);

export const folderArrows: Rule = filesWhere((from, to) => {
  const folder = folderOf(from);
  if (from === INDEX || folderOf(to) === folder) return false;
  return !ARROWS[folder]?.some((allowed) => to === allowed || folderOf(to) === allowed);
});

export const clientAndServerApart: Rule = filesWhere(
  (from, to) => [folderOf(from), folderOf(to)].sort().join() === 'client,server',
);

export const nothingImportsIndex: Rule = filesWhere((_from, to) => to === INDEX);

export const importsStayInside: Rule = (sources) => {
  const known = new Set(sources.map(({ file }) => file));
  return filesWhere((_from, to) => !known.has(to))(sources);
};

export const driversApart: Rule = filesWhere((from, to) => {
  const [one, other] = [from.split('/'), to.split('/')];
  const areSubfolders = one.length > 2 && other.length > 2 && one[0] === 'driver' && other[0] === 'driver';
  return areSubfolders && one[1] !== other[1];
});

export const kafkajsInItsDriver: Rule = packagesWhere(
  (from, name) => packageOf(name) === 'kafkajs' && !from.startsWith('driver/kafkajs/'),
);

export const msgpackInSerializers: Rule = packagesWhere(
  (from, name) => name.startsWith('@msgpack/') && !from.startsWith('wire/serializers/'),
);

/** docs/decisions/0001-rpc-error-is-an-rpc-exception.md is why there is an exception. */
export const nestAtTheEdges: Rule = packagesWhere((from, name) => {
  if (!isNest(name) || ['client', 'server', INDEX].includes(folderOf(from))) return false;
  return !(from === RPC_ERROR && name === '@nestjs/microservices');
});

export const diagnosticsIsALeaf: Rule = packagesWhere(
  (from, name) => folderOf(from) === 'diagnostics' && !name.startsWith('node:'),
);

export const knownFolders: Rule = namesWhere(({ file }) => file !== INDEX && !(folderOf(file) in ARROWS));

export const oneIndex: Rule = namesWhere(({ file }) => file !== INDEX && /(^|\/)index(\.d)?\.ts$/.test(file));

export const foldersAreNouns: Rule = namesWhere(({ file }) =>
  file
    .split('/')
    .slice(0, -1)
    .some((folder) => FORBIDDEN_FOLDERS.includes(folder)),
);

export const shortFiles: Rule = (sources) =>
  sources.filter(({ lines }) => lines > MAX_LINES).map(({ file, lines }) => `${file}: ${lines} lines`);

/** Each cycle once, written from its first file in the order of the alphabet. */
export const noCycles: Rule = (sources) => {
  const filesOf = new Map(sources.map(({ file, files }) => [file, files]));
  const done = new Set<string>();
  const cycles = new Set<string>();
  const visit = (file: string, road: readonly string[]): void => {
    if (road.includes(file)) cycles.add(fromFirst(road.slice(road.indexOf(file))));
    if (road.includes(file) || done.has(file)) return;
    for (const next of filesOf.get(file) ?? []) visit(next, [...road, file]);
    done.add(file);
  };
  for (const { file } of sources) visit(file, []);
  return [...cycles];
};

function fromFirst(cycle: readonly string[]): string {
  const first = cycle.indexOf([...cycle].sort()[0] ?? '');
  const turned = [...cycle.slice(first), ...cycle.slice(0, first)];
  return [...turned, turned[0]].join(' → ');
}
