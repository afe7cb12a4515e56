import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(__dirname, '..');

const recipes = readdirSync(path.join(ROOT, 'docs/recipes')).map((name) => `docs/recipes/${name}`);

describe('what a page has its reader install', () => {
  /** What a reader of a recipe has from the five minutes. */
  const started =
    /^(nestjs-kafka-rpc|@nestjs\/(common|core|microservices)|rxjs|reflect-metadata|node:.*|\..*)$/;
  const packageOf = (specifier: string): string =>
    specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');

  it.each(['docs/guides/testing.md', ...recipes])('is every package that the code imports: %s', (page) => {
    const text = readFileSync(path.join(ROOT, page), 'utf8');
    const needed = [...text.matchAll(/\bfrom '([^']+)'/g)].map(([, name = '']) => packageOf(name));
    const installed = [...text.matchAll(/npm i (?:-D )?([^\n`]+)/g)].flatMap(([, names = '']) =>
      names.split(' ').map((name) => name.replace(/(.)@[\w.]+$/, '$1')),
    );
    expect(needed.filter((name) => !started.test(name) && !installed.includes(name))).toEqual([]);
  });
});
