import { Logger } from '@nestjs/common';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { formatWithOptions } from 'node:util';
import ts from 'typescript';
import { readBlocks, readFences, ROOT, type DocBlock } from './support/doc-blocks.js';

const FOLDER = path.join(ROOT, 'docs/recipes');

/** Each recipe is one program; those that need no package beside it have no code. */
const recipes: readonly DocBlock[] = readdirSync(FOLDER).flatMap((page) =>
  readBlocks(readFences(page, readFileSync(path.join(FOLDER, page), 'utf8'))),
);

/** What the program prints. */
async function run({ code }: DocBlock): Promise<readonly string[]> {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  const imported = new Map<string, unknown>();
  for (const { fileName } of ts.preProcessFile(code).importedFiles)
    imported.set(fileName, await import(fileName));
  const printed: string[] = [];
  const parameters = {
    exports: {},
    require: (specifier: string) => imported.get(specifier),
    console: { log: (...values: unknown[]) => printed.push(formatWithOptions({ colors: false }, ...values)) },
  };
  const body = `return (async () => {\n${outputText}\n})();`;
  await (new Function(...Object.keys(parameters), body)(...Object.values(parameters)) as Promise<void>);
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
