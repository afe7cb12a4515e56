import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { startKafka, type Kafka } from '../broker/kafka.js';
import { readBlocks, readFences, ROOT, type DocBlock } from '../support/doc-blocks.js';

const FOLDER = path.join(ROOT, 'docs/recipes');

/** Within the package, so that programs find it by its name, built as users get it. */
const PROGRAMS = path.join(ROOT, 'build/recipes');

/** Each recipe is one program; those that need no package beside it have no code. */
const recipes: readonly DocBlock[] = readdirSync(FOLDER).flatMap((page) =>
  readBlocks(readFences(page, readFileSync(path.join(FOLDER, page), 'utf8'))),
);

/** Runs it in a process of its own: instrumentations change modules of Node for good. @returns the lines that it prints */
async function run(name: string, code: string): Promise<readonly string[]> {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  mkdirSync(PROGRAMS, { recursive: true });
  const file = path.join(PROGRAMS, `${path.basename(name, '.ts')}.mjs`);
  writeFileSync(file, outputText);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 25_000 });
  return stdout.trimEnd().split('\n');
}

/** The same program with a driver of Kafka, and a name of its own for the service: suites share the broker. */
function onKafka(code: string, { brokers }: Kafka): string {
  const suffix = randomBytes(4).toString('hex');
  return code
    .replace(
      "import { memoryDriver } from 'nestjs-kafka-rpc/memory';",
      "import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';",
    )
    .replace('memoryDriver()', `kafkajsDriver(${JSON.stringify({ brokers })})`)
    .replace(/\bservice: '(\w+)'/g, `service: '$1-${suffix}'`);
}

describe('a recipe prints what it says', () => {
  const cases = recipes.map((recipe) => [recipe.page, recipe] as const);
  let kafka: Kafka;

  beforeAll(async () => {
    kafka = await startKafka();
  });

  afterAll(() => kafka.stop());

  it.each(cases)('in memory: %s', async (_page, { name, code, promised }) => {
    expect(promised.length).toBeGreaterThan(0);
    expect(await run(name, code)).toEqual(promised);
  });

  it.each(cases)('on Kafka: %s', async (_page, { name, code, promised }) => {
    const program = onKafka(code, kafka);
    expect(program).not.toContain('memoryDriver');
    expect(await run(`on-kafka-${name}`, program)).toEqual(promised);
  });
});
