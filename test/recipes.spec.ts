import { Logger } from '@nestjs/common';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { formatWithOptions } from 'node:util';
import { readBlocks, readFences, ROOT, type DocBlock } from './support/doc-blocks.js';
import { runAsModule } from './support/run-as-module.js';

const FOLDER = path.join(ROOT, 'docs/recipes');

/** Each recipe is one program; those that need no package beside it have no code. */
const recipes: readonly DocBlock[] = readdirSync(FOLDER).flatMap((page) =>
  readBlocks(readFences(page, readFileSync(path.join(FOLDER, page), 'utf8'))),
);

/** What the program prints. */
async function run({ code }: DocBlock): Promise<readonly string[]> {
  const printed: string[] = [];
  const log = (...values: unknown[]) => printed.push(formatWithOptions({ colors: false }, ...values));
  await runAsModule(code, { load: (specifier) => import(specifier), globals: { console: { log } } });
  return printed;
}

describe('a recipe', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it.each(recipes.map((recipe) => [recipe.page, recipe] as const))(
    'prints what it says: %s',
    async (_page, recipe) => {
      expect(recipe.promised.length).toBeGreaterThan(0);
      expect(await run(recipe)).toEqual(recipe.promised);
    },
  );
});
