import { axisFigure, figure } from '../figures.js';
import { colourOf, heading, scaleOf, type Area, type Drawn } from './area.js';
import type { Chart } from './chart.js';
import { element, line, text } from './svg.js';

const BAR = 14;
const BETWEEN = 10;
const LETTER = 6.8;
/** Room behind the longest bar for its number. */
const NUMBER_WIDTH = 90;

/** Categories from top to bottom, a bar per series, its median behind it. */
export function drawBars(chart: Chart, area: Area): Drawn {
  const head = heading(chart, area);
  const nameWidth = Math.max(...chart.categories.map((name) => name.length)) * LETTER + 12;
  const frame = {
    left: area.left + nameWidth,
    right: area.right - NUMBER_WIDTH,
    top: area.top + head.height,
  };
  const scale = scaleOf(chart);
  const x = (value: number): number => frame.left + scale.at(value) * (frame.right - frame.left);
  const group = BAR * chart.series.length + BETWEEN;
  const foot = frame.top + group * chart.categories.length;
  const parts = [
    head.svg,
    ...scale.ticks.map((tick) => line([x(tick), frame.top], [x(tick), foot], { class: 'grid' })),
    ...scale.ticks.map((tick) =>
      text(x(tick), foot + 18, axisFigure(tick), { class: 'quiet', 'text-anchor': 'middle' }),
    ),
  ];
  for (const [category, name] of chart.categories.entries()) {
    const top = frame.top + group * category + BETWEEN / 2;
    const middle = top + (group - BETWEEN) / 2;
    parts.push(text(frame.left - 8, middle + 4, name, { 'text-anchor': 'end' }));
    for (const [at, { values }] of chart.series.entries()) {
      const value = values[category];
      if (value === undefined) continue;
      const y = top + BAR * at;
      parts.push(
        element('rect', {
          x: frame.left,
          y: y + 1,
          width: Math.max(1, x(value.median) - frame.left),
          height: BAR - 2,
          rx: 2,
          fill: colourOf(at),
        }),
        line([x(value.min), y + BAR / 2], [x(value.max), y + BAR / 2], { class: 'axis' }),
        text(Math.max(x(value.max), x(value.median)) + 6, y + BAR - 3, figure(value.median), {
          class: 'quiet',
        }),
      );
    }
  }
  parts.push(line([frame.left, frame.top], [frame.left, foot], { class: 'axis' }));
  return { svg: parts.join(''), height: head.height + group * chart.categories.length + 34 };
}
