import { Logger } from '@nestjs/common';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatWithOptions } from 'node:util';
import { ROOT } from './support/doc-blocks.js';

const FOLDER = path.join(ROOT, 'sample-app/examples');
const PAGE = path.join(ROOT, 'docs/examples.md');
const NOT_EXAMPLES = ['main', 'start-service'];

const names = readdirSync(FOLDER)
  .map((file) => file.replace(/\.ts$/, ''))
  .filter((name) => !NOT_EXAMPLES.includes(name))
  .sort();

/** A heading of the page, from what the first line of the example says. */
const titleOf = (name: string): string => (name[0] ?? '').toUpperCase() + name.slice(1).replaceAll('-', ' ');

const sectionOf = (name: string, printed: readonly string[]): string => {
  const [first = '', ...code] = readFileSync(path.join(FOLDER, `${name}.ts`), 'utf8')
    .trimEnd()
    .split('\n');
  return [
    `## ${titleOf(name)}`,
    first.replace(/^\/\/ /, ''),
    `\`npm run example -- ${name}\` prints:`,
    ['```text', ...printed, '```'].join('\n'),
    `[\`sample-app/examples/${name}.ts\`](../sample-app/examples/${name}.ts):`,
    ['```ts', ...code, '```'].join('\n'),
  ].join('\n\n');
};

/** Runs one as `npm run example` does, in this process. */
const run = async (name: string): Promise<readonly string[]> => {
  const printed: string[] = [];
  const log = jest.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
    printed.push(...formatWithOptions({ colors: false }, ...values).split('\n'));
  });
  try {
    const { finished } = (await import(path.join(FOLDER, name))) as { finished: Promise<void> };
    await finished;
    return printed;
  } finally {
    log.mockRestore();
  }
};

describe('the examples of sample-app', () => {
  beforeAll(() => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
  });

  afterAll(() => jest.restoreAllMocks());

  it('are at least ten, and all on the page', () => {
    expect(names.length).toBeGreaterThanOrEqual(10);
    const shown = [...readFileSync(PAGE, 'utf8').matchAll(/^`npm run example -- (\S+)` prints:$/gm)];
    expect(shown.map(([, name]) => name)).toEqual(names);
  });

  // `UPDATE_EXAMPLES=1` writes the page anew.
  const sections = new Map<string, string>();

  it.each(names)('%s ends by itself, and docs/examples.md has its code and what it prints', async (name) => {
    sections.set(name, sectionOf(name, await run(name)));
    if (process.env.UPDATE_EXAMPLES === undefined)
      expect(readFileSync(PAGE, 'utf8')).toContain(`${sections.get(name)}\n`);
  });

  afterAll(() => {
    if (process.env.UPDATE_EXAMPLES === undefined) return;
    const head = readFileSync(PAGE, 'utf8').split(/^## /m)[0]?.trimEnd();
    writeFileSync(PAGE, `${[head, ...names.map((name) => sections.get(name))].join('\n\n')}\n`);
  });
});
