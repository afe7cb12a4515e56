import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

/** The cells of the first table under a heading, without its head. */
export function tableUnder(markdown: string, heading: string): readonly (readonly string[])[] {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => line.replace(/^#+ /, '') === heading && line.startsWith('#'));
  if (start < 0) throw new Error(`There is no heading "${heading}".`);
  const end = lines.findIndex((line, index) => index > start && line.startsWith('#'));
  const section = lines.slice(start + 1, end < 0 ? undefined : end);
  const first = section.findIndex((line) => line.startsWith('|'));
  if (first < 0) throw new Error(`There is no table under "${heading}".`);
  const after = section.findIndex((line, index) => index > first && !line.startsWith('|'));
  return section.slice(first + 2, after < 0 ? undefined : after).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

/** What a heading is called in a link. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const withoutCode = (markdown: string): string => markdown.replace(/^```[\s\S]*?^```$/gm, '');

/** Relative links of a page that lead nowhere. */
export function brokenLinks(page: string, markdown: string): readonly string[] {
  const links = [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file = '', anchor] = target.split('#');
    const absolute = file === '' ? path.join(ROOT, page) : path.join(ROOT, path.dirname(page), file);
    if (!existsSync(absolute)) return true;
    if (anchor === undefined) return false;
    const text = file === '' ? markdown : readFileSync(absolute, 'utf8');
    const headings = [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
    return !headings.some((heading) => anchorOf(heading) === anchor);
  });
}

/** `100_000`, `100000` and "`100000`" are the same default. */
export const plain = (text: string): string =>
  text
    .replace(/(\d)_(?=\d)/g, '$1')
    .replaceAll('`', '')
    .trim();
