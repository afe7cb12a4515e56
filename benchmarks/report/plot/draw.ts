import { drawBars } from './bars.js';
import type { Figure } from './chart.js';
import { drawLines } from './lines.js';
import { element, STYLE, text } from './svg.js';

const WIDTH = 860;
const MARGIN = 24;
const BETWEEN = 28;

/** A figure as SVG: readable alone, in a page, on light and on dark. */
export function draw({ title, subtitle, charts }: Figure): string {
  const parts = [
    text(MARGIN, MARGIN + 16, title, { class: 'title' }),
    text(MARGIN, MARGIN + 36, subtitle, { class: 'quiet' }),
  ];
  let top = MARGIN + 60;
  for (const chart of charts) {
    const area = { left: MARGIN, right: WIDTH - MARGIN, top };
    const { svg, height } = chart.kind === 'lines' ? drawLines(chart, area) : drawBars(chart, area);
    parts.push(svg);
    top += height + BETWEEN;
  }
  const size = { width: WIDTH, height: Math.ceil(top) };
  const paper = element('rect', { ...size, class: 'paper' });
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${size.width} ${size.height}`,
    ...size,
    role: 'img',
  };
  const named = `<title>${title.replace(/[&<>]/g, '')}</title>`;
  return `${element('svg', attributes, `\n<style>${STYLE}</style>\n${[named, paper, ...parts].join('\n')}\n`)}\n`;
}
