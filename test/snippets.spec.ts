import { Logger, type DynamicModule, type Type } from '@nestjs/common';
import * as nestCore from '@nestjs/core';
import * as kafkaRpc from 'nestjs-kafka-rpc';
import { KafkaRpcClient, msgpack, type MsgpackExtension } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { channel } from 'node:diagnostics_channel';
import path from 'node:path';
import { formatWithOptions } from 'node:util';
import ts from 'typescript';
import { allFences, readBlocks, readFences, ROOT, type DocBlock } from './support/doc-blocks.js';
import { runAsModule } from './support/run-as-module.js';

/** Where the blocks stand for the compiler; nothing is written there. */
const FOLDER = path.join(ROOT, 'test/readme-blocks');

/** What blocks without a file name may use without saying where it comes from. */
const PRELUDE = `import type { KafkaRpcClient } from 'nestjs-kafka-rpc';\ndeclare global { const sum: KafkaRpcClient; }\n`;

/** The service that all other blocks call. */
const SERVICE = 'main.ts';

/** Files that a test runner runs: their blocks may use what it gives them. */
const IS_SPEC = /spec\.ts$/;

/** Languages of blocks; only those of TypeScript are run. */
const LANGUAGES = ['hex', 'js', 'json', 'mermaid', 'sh', 'sql', 'text', 'ts', 'yaml'];

const fences = allFences();
const blocks = readBlocks(fences);

/** What the compiler has to say against the files, by name. */
function typeErrors(files: ReadonlyMap<string, string>): readonly string[] {
  const config = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (name) => ts.sys.readFile(name));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.directoryExists = (folder) => folder === FOLDER || ts.sys.directoryExists(folder);
  const textOf = (file: string): string | undefined =>
    path.dirname(file) === FOLDER ? files.get(path.basename(file)) : undefined;
  host.fileExists = (file) => textOf(file) !== undefined || fileExists(file);
  host.readFile = (file) => textOf(file) ?? readFile(file);
  host.getSourceFile = (file, version, ...rest) => {
    const text = textOf(file);
    return text === undefined
      ? getSourceFile(file, version, ...rest)
      : ts.createSourceFile(file, text, version, true);
  };
  const names = [...files.keys()].map((name) => path.join(FOLDER, name));
  const program = ts.createProgram(names, { ...options, strict: true, noEmit: true }, host);
  return names.flatMap((name) => {
    const source = program.getSourceFile(name);
    if (source === undefined) return [`${name} was not compiled`];
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) => `${path.basename(name)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
}

interface Closable {
  close(): Promise<unknown>;
}

type Exports = Record<string, unknown>;

/** What Jest and Vitest give to a spec, run in the order in which it stands there. */
class Suite {
  private readonly steps: Record<'before' | 'test' | 'after', (() => Promise<void> | void)[]> = {
    before: [],
    test: [],
    after: [],
  };

  readonly globals = {
    describe: (_title: string, body: () => void) => body(),
    beforeAll: (step: () => Promise<void>) => this.steps.before.push(step),
    it: (_title: string, step: () => Promise<void>) => this.steps.test.push(step),
    afterAll: (step: () => Promise<void>) => this.steps.after.push(step),
    expect,
  };

  async run(): Promise<void> {
    const { before, test, after } = this.steps;
    try {
      for (const step of [...before, ...test]) await step();
    } finally {
      for (const step of after) await step();
    }
  }
}

/** Runs blocks as modules that import each other, with one broker in memory in place of Kafka. */
class BlockRunner {
  readonly driver = memoryDriver();
  readonly printed: string[] = [];
  private readonly modules = new Map<string, Promise<Exports>>();
  private readonly apps: Closable[] = [];
  private readonly unsubscribes: (() => void)[] = [];

  constructor(
    private readonly all: readonly DocBlock[],
    private readonly globals: Readonly<Record<string, unknown>> = {},
  ) {}

  run(name: string): Promise<Exports> {
    const running = this.modules.get(name) ?? this.evaluate(name);
    this.modules.set(name, running);
    return running;
  }

  /** Starts what a block exports as a module of Nest, as an app that imports it would. */
  async startModule(module: Type): Promise<void> {
    await this.track(nestCore.NestFactory.createApplicationContext(module, { logger: false }));
  }

  async close(): Promise<void> {
    for (const unsubscribe of this.unsubscribes.splice(0)) unsubscribe();
    for (const app of this.apps.splice(0).reverse()) await app.close();
  }

  private async evaluate(name: string): Promise<Exports> {
    const block = this.all.find((candidate) => candidate.name === name);
    if (block === undefined) throw new Error(`No page has a block ${name}.`);
    // Node would wait for it; here the end of the module has to.
    const code = block.code.replace(/^void bootstrap\(\);$/m, 'await bootstrap();');
    const suite = new Suite();
    const exports = await runAsModule(code, {
      load: (specifier) => this.load(specifier),
      globals: {
        ...(IS_SPEC.test(name) && suite.globals),
        console: { log: (...values: unknown[]) => this.print(values), error: () => undefined },
        ...this.globals,
      },
    });
    await suite.run();
    return exports;
  }

  private load(specifier: string): unknown {
    if (specifier.startsWith('./')) return this.run(specifier.slice(2).replace(/\.js$/, '.ts'));
    if (specifier === 'nestjs-kafka-rpc/kafkajs') return { kafkajsDriver: () => this.driver };
    if (specifier === 'nestjs-kafka-rpc') return { ...kafkaRpc, closeOnSignals: this.closeOnSignals };
    if (specifier === 'node:diagnostics_channel') return { channel: this.openChannel };
    if (specifier === '@nestjs/core') return { ...nestCore, NestFactory: this.trackingFactory() };
    // The spec's own, so that the blocks and this file have the same classes.
    return import(specifier);
  }

  /** Channels are the process's: who listened on would hear the calls of the next suite. */
  private readonly openChannel = (name: string): object => ({
    subscribe: (hear: (message: unknown) => void) => {
      channel(name).subscribe(hear);
      this.unsubscribes.push(() => channel(name).unsubscribe(hear));
    },
  });

  private readonly closeOnSignals: typeof kafkaRpc.closeOnSignals = (...of) => {
    const stopListening = kafkaRpc.closeOnSignals(...of);
    this.unsubscribes.push(stopListening);
    return stopListening;
  };

  private print(values: readonly unknown[]): void {
    this.printed.push(formatWithOptions({ colors: false }, ...values));
  }

  /** Nest's factory, which keeps quiet, remembers what it made, and takes any free port. */
  private trackingFactory(): object {
    type Create = (module: Type | DynamicModule, options?: object) => Promise<Closable>;
    const quiet =
      (create: Create): Create =>
      (module, options) =>
        this.track(create(module, { ...options, logger: false }));
    const { NestFactory } = nestCore;
    return {
      createMicroservice: quiet(NestFactory.createMicroservice.bind(NestFactory) as Create),
      createApplicationContext: quiet(NestFactory.createApplicationContext.bind(NestFactory) as Create),
      create: async (module: Type) => {
        const app = await this.track(NestFactory.create(module, { logger: false }));
        const listen = app.listen.bind(app);
        return Object.assign(app, { listen: () => listen(0) });
      },
    };
  }

  private async track<T extends Closable>(creating: Promise<T>): Promise<T> {
    const app = await creating;
    this.apps.push(app);
    return app;
  }
}

describe('the code of the README and of the pages in docs', () => {
  it('is in a language that this suite knows', () => {
    expect([...new Set(fences.map(({ language }) => language))].sort()).toEqual(LANGUAGES);
    expect(blocks.length).toBeGreaterThanOrEqual(40);
  });

  it('has no two blocks of one name that differ', () => {
    expect(new Set(blocks.map(({ name }) => name)).size).toBe(blocks.length);
  });

  it('has JSON that can be read', () => {
    const json = fences.filter(({ language }) => language === 'json');
    expect(json.length).toBeGreaterThan(0);
    for (const { code } of json) expect(() => JSON.parse(code) as unknown).not.toThrow();
  });

  it('says of everything that is printed what it is', () => {
    const prints = blocks.flatMap(({ code }) => code.match(/console\.log\(/g) ?? []);
    const promised = blocks.flatMap((block) => block.promised);
    expect(promised).toHaveLength(prints.length);
    expect(promised.filter((promise) => promise.startsWith('nothing is promised'))).toEqual([]);
  });

  it('is compiled strictly, without an error but for the two that are put in to be found', () => {
    const files = new Map([
      ...blocks.map(({ name, code }) => [name, code] as const),
      ['prelude.ts', PRELUDE],
      ['wrong.ts', `export const a: number = sum.id;\nimport './nobody.js';\n`],
    ]);
    // A block without imports is no module to the compiler, and could not await.
    for (const [name, code] of files) files.set(name, `${code}\nexport {};\n`);
    expect(typeErrors(files)).toEqual([
      `wrong.ts: Type 'string' is not assignable to type 'number'.`,
      expect.stringMatching(/^wrong\.ts: Cannot find .*\.\/nobody\.js/),
    ]);
  }, 120_000);

  describe('is run', () => {
    let service: BlockRunner;

    beforeAll(async () => {
      // Nest logs what a cancelled handler throws, and its testing module turns the Logger on again.
      jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
      service = new BlockRunner(blocks);
      await service.run(SERVICE);
    });

    afterAll(async () => {
      await service.close();
      jest.restoreAllMocks();
    });

    it.each(blocks.filter(({ name }) => name !== SERVICE).map((block) => [block.name, block] as const))(
      '%s',
      async (name, { promised }) => {
        const sum = new KafkaRpcClient({ service: 'sum', driver: service.driver });
        const runner = new BlockRunner(blocks, { sum });
        // The same broker as the service's.
        Object.assign(runner, { driver: service.driver });
        try {
          const exported = await runner.run(name);
          for (const [exportName, value] of Object.entries(exported)) {
            if (exportName.endsWith('Module')) await runner.startModule(value as Type);
          }
          expect(runner.printed).toEqual(promised);
        } finally {
          await runner.close();
          await sum.close();
        }
      },
    );
  });

  it('has a recipe for types of others that works for those it names', async () => {
    /** As bson and decimal.js have them. */
    class ObjectId {
      readonly bytes: Buffer;

      constructor(hex: string) {
        this.bytes = Buffer.from(hex, 'hex');
      }

      toString(): string {
        return this.bytes.toString('hex');
      }
    }
    class Decimal {
      readonly [Symbol.toStringTag] = 'Decimal';

      constructor(readonly text: string) {}

      toString(): string {
        return this.text;
      }
    }
    const { textType } = (await new BlockRunner(blocks).run('text-type.ts')) as {
      textType: (type: number, Class: new (text: string) => object) => MsgpackExtension;
    };
    const serializer = msgpack({ extensions: [textType(1, ObjectId), textType(2, Decimal)] });
    const value = { _id: new ObjectId('65a1b2c3d4e5f60718293a4b'), price: new Decimal('0.1') };
    const back = serializer.deserialize(serializer.serialize(value)) as typeof value;
    expect(back).toEqual(value);
    expect([back._id.constructor, back.price.constructor]).toEqual([ObjectId, Decimal]);
  });

  describe('that promises what is not so', () => {
    it('is found out', async () => {
      const [block] = readBlocks(
        readFences('page', '```ts\nconsole.log(1 + 1); // 3\nconsole.log([1]); // [ 1 ]\n```\n'),
      );
      const runner = new BlockRunner([block!]);
      await runner.run(block!.name);
      expect(block!.promised).toEqual(['3', '[ 1 ]']);
      expect(runner.printed).toEqual(['2', '[ 1 ]']);
    });
  });
});
