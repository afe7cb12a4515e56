import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ran } from './user-project.js';

const ROOT = join(__dirname, '..', '..');

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** What npm would publish. */
const pack = async (): Promise<Packed> => {
  const { output } = await ran('npm', ['pack', '--dry-run', '--json', '--silent', '--ignore-scripts'], ROOT);
  const packed = JSON.parse(output) as Packed[] | Record<string, Packed>;
  return Object.values(packed)[0]!;
};

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`);

/** What one source file becomes. */
const outputsOf = (source: string): readonly string[] => {
  const name = source.replace(/^lib\//, '').replace(/\.ts$/, '');
  const esm = ['.js', '.js.map', '.d.ts'].map((extension) => `dist/esm/${name}${extension}`);
  return [...esm, `dist/cjs/${name}.js`, `dist/cjs/${name}.d.ts`];
};

describe('the published package', () => {
  let packed: Packed;
  let paths: readonly string[];

  beforeAll(async () => {
    packed = await pack();
    paths = packed.files.map(({ path }) => path).sort();
  }, 60_000);

  it('has every source file in both outputs, their types, the pages, and nothing else', () => {
    const sources = filesBelow('lib').filter((name) => /(?<!\.d)\.ts$/.test(name));
    const pages = filesBelow('docs').filter(
      (name) => /\.(md|svg)$/.test(name) && !name.includes('/.vitepress/'),
    );
    const others = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'dist/cjs/package.json'];
    expect(paths).toEqual([...sources.flatMap(outputsOf), ...pages, ...others].sort());
  });

  it('takes no more than 1.6 MB to download, and 8 MB on disk', () => {
    expect(packed.size).toBeLessThan(1_600_000);
    expect(packed.unpackedSize).toBeLessThan(8_000_000);
  });
});
