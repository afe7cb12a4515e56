import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { adviceOfType } from '../lib/driver/kafkajs/error-advice.js';
import { COUNTER_NAMES } from '../lib/diagnostics/counters.js';
import { REFUSAL_REASONS } from '../lib/diagnostics/refusal-reasons.js';
import { isRetryable, RpcStatus } from '../lib/errors/status.js';
import { errorTextsOf } from './support/error-texts.js';
import { brokenLinks, plain, tableUnder } from './support/markdown.js';
import { OPTION_TABLES } from './support/option-tables.js';

const ROOT = path.join(__dirname, '..');
const LIB = path.join(ROOT, 'lib');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const filesUnder = (folder: string, ending: string): readonly string[] =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => path.posix.join(folder, name.replaceAll(path.sep, '/')))
    .filter((name) => name.endsWith(ending));

/** Pages with links; others' pages in other folders are theirs. */
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...filesUnder('docs', '.md').filter((page) => !page.startsWith('docs/.vitepress/')),
];

/** An option as its interface has it; `default` is what stands behind `@default`. */
interface Option {
  readonly name: string;
  readonly isRequired: boolean;
  readonly default: string | undefined;
}

/** The own members of every interface of lib, by the interface's name. */
function readInterfaces(): ReadonlyMap<string, readonly Option[]> {
  const interfaces = new Map<string, readonly Option[]>();
  for (const file of filesUnder('lib', '.ts')) {
    ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true).forEachChild((node) => {
      if (ts.isInterfaceDeclaration(node)) interfaces.set(node.name.text, node.members.flatMap(optionOf));
    });
  }
  return interfaces;
}

function optionOf(member: ts.TypeElement): readonly Option[] {
  if (member.name === undefined || !ts.isIdentifier(member.name)) return [];
  const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default');
  return [
    {
      name: member.name.text,
      isRequired: member.questionToken === undefined,
      default: ts.getTextOfJSDocComment(tag?.comment)?.trim(),
    },
  ];
}

/** Members that an interface takes from one of somebody else. */
const INHERITED: readonly Option[] = [{ name: 'imports', isRequired: false, default: undefined }];

/** Options of other things than servers, clients and drivers: of errors, and of the driver port. */
const ELSEWHERE = ['ProduceOptions', 'RpcErrorOptions', 'ConnectOptions', 'GroupOptions', 'ReadOptions'];

/** Every name with its default, as the table has them. */
const documented = (heading: string): readonly string[] =>
  tableUnder(read('docs/reference/options.md'), heading)
    .map(([name = '', value = '']) => `${plain(name)}: ${plain(value)}`)
    .sort();

/** The same as the interfaces have them; each name once. */
function declared(names: readonly string[]): readonly string[] {
  const interfaces = readInterfaces();
  const options = names.flatMap((name) => {
    const members = interfaces.get(name);
    if (members === undefined) throw new Error(`lib has no interface ${name}.`);
    return name === 'KafkaRpcModuleAsyncOptions' ? [...members, ...INHERITED] : members;
  });
  const first = new Map<string, Option>();
  for (const option of options) if (!first.has(option.name)) first.set(option.name, option);
  return [...first.values()]
    .map(({ name, isRequired, default: value }) =>
      isRequired ? `${name}: required` : `${name}: ${plain(value ?? 'none')}`,
    )
    .sort();
}

describe('the option tables of docs/reference/options.md', () => {
  it.each(OPTION_TABLES)('have every option with its default, and no other: %s', (heading, names) => {
    expect(documented(heading)).toEqual(declared(names));
  });

  it('leave out no interface of options that is exported', () => {
    const entries = [
      'lib/index.ts',
      'lib/driver/kafkajs/kafkajs-driver.ts',
      'lib/driver/memory/memory-driver.ts',
    ];
    const exported = entries.flatMap((file) => read(file).match(/\b\w+Options\b/g) ?? []);
    const interfaces = readInterfaces();
    const known = [...OPTION_TABLES.flatMap(([, names]) => names), ...ELSEWHERE];
    const missing = [...new Set(exported)].filter((name) => interfaces.has(name) && !known.includes(name));
    expect(missing.filter((name) => !/^(Resolved|MemoryBroker)/.test(name))).toEqual([]);
  });
});

describe('the tables of the pages for users', () => {
  const monitoring = read('docs/operations/monitoring.md');
  const firstCells = (page: string, heading: string): readonly string[] =>
    tableUnder(page, heading).map(([name = '']) => plain(name));

  it('have every status, and whether it is retryable', () => {
    const rows = tableUnder(read('docs/reference/errors.md'), 'Statuses').map(
      ([status = '', , retryable]) => [plain(status), retryable],
    );
    expect(rows).toEqual(
      Object.values(RpcStatus).map((status) => [status, isRetryable(status) ? 'yes' : 'no']),
    );
  });

  it('have every member of the context', () => {
    const source = read('lib/server/kafka-rpc-context.ts');
    const members = [...source.matchAll(/^ {2}(?:get (\w+)\(\)|(\w+\([^)]*\))): [^;\n]+\{$/gm)].map(
      ([, getter, method = '']) => getter ?? method.replaceAll(/: \w+/g, '').replace(/ = \w+/, ''),
    );
    expect(firstCells(read('docs/reference/context.md'), 'Members')).toEqual(members);
  });

  it('have every counter', () => {
    expect([...firstCells(monitoring, 'Counters')].sort()).toEqual([...COUNTER_NAMES].sort());
  });

  it('have every reason for a refusal', () => {
    expect(firstCells(monitoring, 'Refused records')).toEqual([...REFUSAL_REASONS]);
  });

  it('have every status and event of server and client', () => {
    const rows = tableUnder(monitoring, 'Status and events').map((cells) =>
      cells.map((cell) => cell.replaceAll('`', '')),
    );
    const events = (file: string, name: string): string => {
      const body = new RegExp(`type ${name} = \\{([\\s\\S]*?)\\n\\};`).exec(read(file))?.[1] ?? '';
      return [...body.matchAll(/^ {2}'?([\w-]+)'?:/gm)].map(([, event]) => event).join(', ');
    };
    const statuses = (file: string, name: string): string =>
      (new RegExp(`type ${name} = ([^;]*);`).exec(read(file))?.[1] ?? '')
        .replaceAll("'", '')
        .replaceAll(' | ', ', ');
    const [server, client] = ['lib/server/server-events.ts', 'lib/client/client-events.ts'];
    expect(rows).toEqual([
      [
        'server',
        statuses('lib/server/server-state.ts', 'KafkaRpcServerStatus'),
        events(server, 'KafkaRpcServerEvents'),
      ],
      [
        'client',
        statuses('lib/client/client-state.ts', 'KafkaRpcClientStatus'),
        events(client, 'KafkaRpcClientEvents'),
      ],
    ]);
  });
});

describe('the file map of docs/architecture.md', () => {
  const architecture = read('docs/architecture.md');
  const folders = [...architecture.matchAll(/^### (lib\/.*)$/gm)].map(([, folder = '']) => folder);
  const mapped = folders.flatMap((folder) =>
    tableUnder(architecture, folder).map(([file = '']) => `${folder}${plain(file)}`),
  );

  it('has every file of lib, and none that is not there', () => {
    expect([...mapped].sort()).toEqual([...filesUnder('lib', '.ts')].sort());
  });

  it('has each file once, with its idea', () => {
    expect(new Set(mapped).size).toBe(mapped.length);
    const ideas = folders.flatMap((folder) => tableUnder(architecture, folder).map(([, idea]) => idea));
    expect(ideas.filter((idea) => idea === undefined || idea.length < 5)).toEqual([]);
  });

  it('has every folder of lib', () => {
    const there = readdirSync(LIB, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(there.map(({ name }) => `lib/${name}/`).filter((folder) => !folders.includes(folder))).toEqual([]);
  });

  it('and the journey name no file that is gone', () => {
    const paths = architecture.match(
      /\b(?:lib|test|docs|client|server|wire|driver|protocol|errors)\/[\w./-]+\.(?:ts|md)\b/g,
    );
    const lost = (paths ?? []).filter(
      (name) => !existsSync(path.join(ROOT, name)) && !existsSync(path.join(LIB, name)),
    );
    expect(lost).toEqual([]);
  });
});

/** The strings of a `type X = 'a' | 'b'`, or of a `const X = ['a', 'b'] as const`. */
function closedSet(file: string, name: string): readonly string[] {
  const source = read(file).replace(/\/\*[\s\S]*?\*\//g, '');
  const body = new RegExp(`(?:type|const) ${name} =([^;]*);`).exec(source)?.[1] ?? '';
  return [...body.matchAll(/'(\w+)'/g)].map(([, member = '']) => member).sort();
}

describe('the diagrams of docs/architecture.md', () => {
  const diagrams = [...read('docs/architecture.md').matchAll(/^```mermaid\n([\s\S]*?)^```$/gm)].map(
    ([, text = '']) => [...text.matchAll(/^ *(\S+) --> (\w+)/gm)].map(([, from = '', to = '']) => [from, to]),
  );
  const statesOf = (index: number): readonly string[] =>
    [...new Set((diagrams[index] ?? []).flat())].filter((state) => state !== '[*]').sort();

  it('have the states of a call at the client', () => {
    const ends = closedSet('lib/diagnostics/call-ended.ts', 'CLIENT_CALL_ENDS');
    expect(statesOf(0)).toEqual([...ends, 'open'].sort());
  });

  it('have the states of a call at the server, and what follows what', () => {
    expect(statesOf(1)).toEqual(closedSet('lib/server/incoming-call.ts', 'CallState'));
    const table = /MAY_BECOME[^=]*= \{([\s\S]*?)\n\};/.exec(read('lib/server/incoming-call.ts'))?.[1] ?? '';
    const steps = [...table.matchAll(/^ {2}(\w+): \[([^\]]*)\]/gm)].flatMap(([, from = '', to = '']) =>
      [...to.matchAll(/\w+/g)].map(([next]) => [from, next]),
    );
    expect(diagrams[1]?.filter(([from]) => from !== '[*]').sort()).toEqual(steps.sort());
  });

  it('have the states of a member; `closed` is told below', () => {
    const states = closedSet('lib/driver/kafkajs/member-state.ts', 'MemberState');
    expect([...statesOf(2), 'closed'].sort()).toEqual(states);
  });
});

it('what docs/architecture.md says to open is there: files and names', () => {
  const rows = tableUnder(read('docs/architecture.md'), 'To change something, open these files').flat();
  const named = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
  const lib = filesUnder('lib', '.ts').map(read).join('\n');
  const isThere = (name: string): boolean =>
    name.includes('/')
      ? existsSync(path.join(ROOT, name))
      : name.split(/[.()]+/).every((part) => new RegExp(`\\b${part}\\b`).test(lib));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !isThere(name))).toEqual([]);
});

describe('docs/reference/errors.md', () => {
  const page = read('docs/reference/errors.md');
  const listed = [...page.matchAll(/^\| `([^`]+)` +\| [^|]+ \| [^|]+ \| [^|]+ \|$/gm)].map(
    ([, text = '']) => text,
  );
  const sources = filesUnder('lib', '.ts');

  it('has the text of every error that lib makes: add yours, with its cause and cure', () => {
    const made = sources.flatMap((file) => errorTextsOf(path.join(ROOT, file)));
    expect(made.length).toBeGreaterThan(70);
    expect(made.filter((text) => !listed.includes(text))).toEqual([]);
  });

  it('has no text that lib does not have', () => {
    const lib = sources
      .map(read)
      .join('\n')
      .replace(/['`] \+\n\s*['`]/g, '');
    const isThere = (text: string): boolean =>
      text
        .split(/[…"]/)
        .filter((words) => words.length > 3)
        .every((words) => lib.includes(words.trim()));
    expect(listed.filter((text) => !isThere(text))).toEqual([]);
  });

  it("has every one of Kafka's names that gets advice, with its status", () => {
    const source = read('lib/driver/kafkajs/error-advice.ts');
    const names = [
      ...(/BY_TYPE[^=]*= \{([\s\S]*?)\n\};/.exec(source)?.[1] ?? '').matchAll(/^ {2}([A-Z_]+):/gm),
    ].map(([, name = '']) => name);
    const rows = tableUnder(page, 'Answers of the broker').flatMap(([cell = '', status = '']) =>
      [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => [
        name,
        adviceOfType(name)?.status,
        plain(status),
      ]),
    );
    expect(names.length).toBeGreaterThan(20);
    expect(rows.map(([name]) => name).sort()).toEqual([...names].sort());
    expect(rows.filter(([, status, said]) => status !== said)).toEqual([]);
  });
});

it('README leads to what can go wrong, and that to a test for each promise', () => {
  expect(read('README.md')).toContain('](docs/what-can-go-wrong.md)');
  const rows = tableUnder(read('docs/what-can-go-wrong.md'), 'Tests that hold it');
  expect(rows.filter(([, tests = '']) => !tests.includes('](../test/'))).toEqual([]);
});

describe('the threats of docs/security.md', () => {
  const rows = tableUnder(read('docs/security.md'), 'Threats');

  it('are S1 to S19', () => {
    expect(rows.map(([id]) => id)).toEqual(Array.from({ length: 19 }, (_, i) => `S${i + 1}`));
  });

  it.each(rows)('%s, %s, has a test that names it', (id = '', _threat, _defence, tests = '') => {
    const files = [...tests.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(read(file)).toMatch(new RegExp(`\\b${id}\\b`));
  });
});

describe('links', () => {
  it.each(PAGES)('of %s lead somewhere', (page) => {
    expect(brokenLinks(page, read(page))).toEqual([]);
  });

  it('from lib to the documents lead somewhere', () => {
    const named = filesUnder('lib', '.ts').flatMap((file) => read(file).match(/\bdocs\/[\w./-]+\.md/g) ?? []);
    expect(named.filter((name) => !existsSync(path.join(ROOT, name)))).toEqual([]);
  });

  it('that lead nowhere are found out', () => {
    const page =
      '# A b\n[one](docs/nobody.md) [two](#a-b) [three](#a-c) [four](LICENSE) [five](https://example.org)\n';
    expect(brokenLinks('README.md', page)).toEqual(['docs/nobody.md', '#a-c']);
  });
});

describe('the commands that the documents name', () => {
  it('are in package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = PAGES.flatMap((page) =>
      [...read(page).matchAll(/npm run (?:--\S+ )?([\w:]+)/g)].map(([, script = '']) => `${page}: ${script}`),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((each) => !(each.split(': ')[1]! in scripts))).toEqual([]);
  });
});
