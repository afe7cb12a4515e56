import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.join(__dirname, '..', '..');

/** One block of TypeScript on a page: with a file name others can import it. */
export interface DocBlock {
  readonly page: string;
  readonly name: string;
  readonly code: string;
  /** What its comments say that it prints, line by line. */
  readonly promised: readonly string[];
}

/** Blocks of code by the language that is named on the fence. */
export interface Fence {
  readonly page: string;
  readonly language: string;
  readonly code: string;
}

/** Pages for people who use the package: their code is run. Recipes need packages that are not installed here; test/examples.spec.ts runs the examples. */
export const userPages = (): readonly string[] => {
  const docs = readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((name) => path.posix.join('docs', name.replaceAll(path.sep, '/')))
    .filter(
      (name) =>
        name.endsWith('.md') && !/^docs\/(\.vitepress\/|decisions\/|recipes\/|examples\.md)/.test(name),
    );
  return ['README.md', ...docs.sort()];
};

export const readFences = (page: string, markdown: string): readonly Fence[] =>
  [...markdown.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
    page,
    // The hex of the protocol has a name behind it.
    language: language.trim().split(' ')[0] ?? '',
    code,
  }));

/** @returns every block once: pages may repeat one, word for word. */
export const readBlocks = (fences: readonly Fence[]): readonly DocBlock[] => {
  const blocks = fences
    .filter(({ language }) => language === 'ts')
    .map(({ page, code }, index) => ({
      page,
      name: /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? `block-${index + 1}.ts`,
      code,
      promised: [...code.matchAll(/^.*console\.log\(.*?(?:\/\/ (.*))?$/gm)].map(
        ([line, promise]) => promise ?? `nothing is promised: ${line}`,
      ),
    }));
  return blocks.filter(
    ({ name, code }, index) => !blocks.slice(0, index).some((b) => b.name === name && b.code === code),
  );
};

export const allFences = (): readonly Fence[] =>
  userPages().flatMap((page) => readFences(page, readFileSync(path.join(ROOT, page), 'utf8')));
