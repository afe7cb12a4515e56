import ts from 'typescript';

export interface ModuleSurroundings {
  /** What an import of this specifier gives. */
  readonly load: (specifier: string) => unknown;
  /** What the code may use without an import. */
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Runs TypeScript of a page as a module, until its last `await`. @returns what it exports */
export const runAsModule = async (
  code: string,
  { load, globals }: ModuleSurroundings,
): Promise<Record<string, unknown>> => {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      esModuleInterop: true,
    },
  });
  const imported = new Map<string, unknown>();
  for (const { fileName } of ts.preProcessFile(code).importedFiles)
    imported.set(fileName, await load(fileName));
  const exports = {};
  const parameters = { exports, require: (specifier: string) => imported.get(specifier), ...globals };
  const body = `return (async () => {\n${outputText}\n})();`;
  await (new Function(...Object.keys(parameters), body)(...Object.values(parameters)) as Promise<void>);
  return exports;
};
