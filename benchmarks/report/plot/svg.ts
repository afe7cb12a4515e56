/** Colours that can be told apart on white and on black, by most people with a colour vision deficiency too. */
export const SERIES_COLOURS = [
  '#2f81f7',
  '#e8590c',
  '#2f9e44',
  '#9c36b5',
  '#c2255c',
  '#0c8599',
  '#b08800',
  '#7950f2',
  '#868e96',
  '#a0522d',
  '#1b998b',
  '#d63384',
] as const;

/** Classes, not variables: some renderers know none. */
export const STYLE = `
  text { font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328; }
  .title { font-size: 18px; font-weight: 600; }
  .heading { font-size: 14px; font-weight: 600; }
  .quiet { fill: #59636e; }
  .paper { fill: #ffffff; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .axis { stroke: #59636e; stroke-width: 1; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .paper { fill: #0d1117; }
    .grid { stroke: #30363d; }
    .axis { stroke: #9198a1; }
  }
`;

type Attributes = Readonly<Record<string, string | number>>;

export const element = (name: string, attributes: Attributes, content = ''): string => {
  const written = Object.entries(attributes)
    .map(
      ([key, value]) =>
        ` ${key}="${typeof value === 'number' ? Math.round(value * 100) / 100 : escaped(value)}"`,
    )
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
};

export const text = (x: number, y: number, content: string, attributes: Attributes = {}): string =>
  element('text', { x, y, ...attributes }, escaped(content));

export const line = (
  from: readonly [number, number],
  to: readonly [number, number],
  attributes: Attributes,
): string => element('line', { x1: from[0], y1: from[1], x2: to[0], y2: to[1], ...attributes });

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escaped = (content: string): string =>
  content.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? '');
