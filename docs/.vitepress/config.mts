import { renderMermaidSVG } from 'beautiful-mermaid';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { defineConfig, type DefaultTheme, type SiteConfig } from 'vitepress';

const ITEMS = (folder: string, pages: Record<string, string>): DefaultTheme.SidebarItem[] =>
  Object.entries(pages).map(([page, text]) => ({ text, link: `/${folder}${page}` }));

const SIDEBAR: DefaultTheme.SidebarItem[] = [
  {
    text: 'Start',
    items: ITEMS('', {
      why: 'Why, and when not',
      'five-minutes': 'Five minutes',
      'call-or-event': 'Call or event?',
      examples: 'Examples',
    }),
  },
  {
    text: 'Guides',
    items: [
      ...ITEMS('guides/', {
        calls: 'Calls',
        handlers: 'Handlers',
        deadlines: 'Deadlines and cancellation',
        streams: 'Streams',
        'typed-clients': 'Typed clients',
        errors: 'Errors',
        resilience: 'Retries, limits and fairness',
        idempotency: 'Idempotent handlers',
        'retries-and-dead-letters': 'Retries and dead letters',
        'keys-and-order': 'Keys and order',
        'asking-servers': 'Asking servers',
        deploys: 'Shutdown and deploys',
        testing: 'Testing',
        migration: 'Migration',
        'serializers-and-stages': 'Serializers and stages',
      }),
      ...ITEMS('', { 'wire-stages': 'Wire stages of your own', security: 'Security' }),
    ],
  },
  {
    text: 'Operations',
    items: ITEMS('operations/', {
      topics: 'Topics',
      brokers: 'Brokers',
      kubernetes: 'Kubernetes',
      monitoring: 'Monitoring',
      runbook: 'Runbook',
    }),
  },
  {
    text: 'Reference',
    items: [
      ...ITEMS('reference/', { options: 'Options', context: 'Context', errors: 'Errors by their text' }),
      ...ITEMS('', { protocol: 'Protocol', glossary: 'Glossary' }),
    ],
  },
  {
    text: 'About',
    items: ITEMS('', {
      guarantees: 'Guarantees',
      outcomes: 'What the caller sees, and what ran',
      reliability: 'Reliability',
      'reliability-run': 'The last run of the fault suite',
      'what-can-go-wrong': 'What can go wrong',
      performance: 'Performance',
      support: 'Support and deprecation',
      architecture: 'Architecture',
    }),
  },
];

/** Links to files of the repository outside of docs: with its address in DOCS_SOURCE_URL they lead there, else they are text. */
const SOURCE_URL = process.env.DOCS_SOURCE_URL;

/** The sidebar with every recipe that there is, by its first heading. */
const withRecipes = async (docs: string): Promise<DefaultTheme.SidebarItem[]> => {
  const files = await readdir(path.join(docs, 'recipes')).catch(() => []);
  const items = await Promise.all(
    files
      .filter((name) => name.endsWith('.md') && name !== 'index.md')
      .sort()
      .map(async (name) => ({
        // A title says after its colon what the recipe shows.
        text: titleOf(await readFile(path.join(docs, 'recipes', name), 'utf8'), name).split(':')[0] ?? name,
        link: `/recipes/${name.replace(/\.md$/, '')}`,
      })),
  );
  return items.length === 0 ? SIDEBAR : SIDEBAR.toSpliced(2, 0, { text: 'Recipes', items });
};

const titleOf = (markdown: string, otherwise: string): string =>
  /^title: (.*)$/m.exec(/^---\n[\s\S]*?\n---/.exec(markdown)?.[0] ?? '')?.[1] ??
  /^# (.*)$/m.exec(markdown)?.[1] ??
  otherwise;

/** Every page as Markdown beside its HTML, `llms.txt` with all titles, and `llms-full.txt` with all text. */
const writeMarkdown = async ({ srcDir, outDir, pages }: SiteConfig): Promise<void> => {
  const texts = await Promise.all(
    [...pages].sort().map(async (page) => {
      const markdown = await readFile(path.join(srcDir, page), 'utf8');
      await mkdir(path.dirname(path.join(outDir, page)), { recursive: true });
      await copyFile(path.join(srcDir, page), path.join(outDir, page));
      return { page, markdown };
    }),
  );
  const list = texts.map(({ page, markdown }) => `- [${titleOf(markdown, page)}](${page})`).join('\n');
  const about =
    '# nestjs-kafka-rpc\n\n> RPC over Kafka for NestJS: durable calls with deadlines, streams and typed errors.\n';
  await writeFile(path.join(outDir, 'llms.txt'), `${about}\n## Pages\n\n${list}\n`);
  const full = texts.map(({ page, markdown }) => `<!-- ${page} -->\n\n${markdown}`).join('\n\n');
  await writeFile(path.join(outDir, 'llms-full.txt'), `${about}\n${full}`);
};

/** A state diagram as SVG, drawn when the site is built: readers load no script for it. Its colours are those of style.css. */
const drawn = (diagram: string): string => {
  const lost = diagram.split('\n').filter((line, index) => index > 0 && !/-->|^\s*$/.test(line));
  if (lost.length > 0)
    throw new Error(`Only transitions are drawn. Write as text below the diagram: ${lost[0]}`);
  const svg = renderMermaidSVG(diagram, { transparent: true, padding: 4 });
  return `<div class="diagram" v-pre>${svg.replace(/<style>[\s\S]*?<\/style>/, '').replace(/ style="[^"]*"/, '')}</div>\n`;
};

const docs = path.join(import.meta.dirname, '..');

export default defineConfig({
  title: 'nestjs-kafka-rpc',
  description: 'RPC over Kafka for NestJS',
  lang: 'en',
  cleanUrls: true,
  lastUpdated: false,
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Five minutes', link: '/five-minutes' },
      { text: 'Guides', link: '/guides/calls' },
      { text: 'Operations', link: '/operations/runbook' },
      { text: 'Reference', link: '/reference/options' },
    ],
    sidebar: await withRecipes(docs),
    outline: { level: [2, 3] },
    editLink: { pattern: '/:path', text: 'This page as Markdown' },
    footer: { message: 'MIT licence' },
  },
  markdown: {
    config: (md) => {
      const open = md.renderer.rules.link_open;
      md.core.ruler.push('repository-links', ({ tokens, env }) => {
        const { relativePath } = env as { relativePath?: string };
        // Front matter and titles are rendered without a page.
        if (relativePath === undefined) return;
        const from = path.join(docs, path.dirname(relativePath));
        for (const token of tokens) {
          if (token.type === 'fence' && token.info.startsWith('hex')) token.info = 'txt';
          for (const link of token.children ?? []) {
            const href = link.type === 'link_open' ? link.attrGet('href') : null;
            if (href === null || /^([a-z]+:|#)/.test(href)) continue;
            const target = path.join(from, href);
            const isPage = !path.relative(docs, target).startsWith('..') && /\.md(#|$)/.test(href);
            if (isPage) continue;
            const file = path.relative(path.join(docs, '..'), target);
            link.attrSet('href', SOURCE_URL === undefined ? '' : `${SOURCE_URL}/${file}`);
            link.attrSet('title', `${file} in the repository`);
          }
        }
      });
      const fence = md.renderer.rules.fence;
      md.renderer.rules.fence = (tokens, index, options, env, self) => {
        const { info, content } = tokens[index] ?? { info: '', content: '' };
        return info === 'mermaid' ? drawn(content) : (fence?.(tokens, index, options, env, self) ?? '');
      };
      md.renderer.rules.link_open = (tokens, index, options, env, self) => {
        const token = tokens[index];
        if (token?.attrGet('href') !== '')
          return open?.(tokens, index, options, env, self) ?? self.renderToken(tokens, index, options);
        return `<a class="in-repository" title="${md.utils.escapeHtml(token.attrGet('title') ?? '')}">`;
      };
    },
  },
  buildEnd: writeMarkdown,
});
