import { axisFigure } from '../figures.js';
import { colourOf, heading, scaleOf, type Area, type Drawn } from './area.js';
import type { Chart, ChartSeries } from './chart.js';
import { element, line, text } from './svg.js';

const HEIGHT = 240;
const AXIS_WIDTH = 52;
/** Series lie side by side, so that whiskers of equal values can be told apart. */
const APART = 5;

/** Categories from left to right, a line per series, whiskers from the least to the most. */
export function drawLines(chart: Chart, area: Area): Drawn {
  const head = heading(chart, area);
  const frame = { left: area.left + AXIS_WIDTH, right: area.right, top: area.top + head.height };
  const foot = frame.top + HEIGHT;
  const scale = scaleOf(chart);
  const y = (value: number): number => foot - scale.at(value) * HEIGHT;
  const slot = (frame.right - frame.left) / chart.categories.length;
  const x = (category: number): number => frame.left + slot * (category + 0.5);
  const parts = [
    head.svg,
    ...scale.ticks.map((tick) => line([frame.left, y(tick)], [frame.right, y(tick)], { class: 'grid' })),
    ...scale.ticks.map((tick) =>
      text(frame.left - 8, y(tick) + 4, axisFigure(tick), { class: 'quiet', 'text-anchor': 'end' }),
    ),
    line([frame.left, foot], [frame.right, foot], { class: 'axis' }),
    ...chart.categories.map((name, at) => text(x(at), foot + 18, name, { 'text-anchor': 'middle' })),
    text((frame.left + frame.right) / 2, foot + 38, chart.over, { class: 'quiet', 'text-anchor': 'middle' }),
    ...chart.series.map((series, at) => {
      const shift = (at - (chart.series.length - 1) / 2) * APART;
      return drawSeries(series, colourOf(at), { x: (category) => x(category) + shift, y });
    }),
  ];
  return { svg: parts.join(''), height: head.height + HEIGHT + 52 };
}

interface Places {
  x(category: number): number;
  y(value: number): number;
}

function drawSeries({ values }: ChartSeries, colour: string, { x, y }: Places): string {
  const points = values.flatMap((value, at) => (value === undefined ? [] : [{ at: x(at), value }]));
  const path = points.map(
    ({ at, value }, index) => `${index === 0 ? 'M' : 'L'}${at.toFixed(1)} ${y(value.median).toFixed(1)}`,
  );
  return [
    ...points.map(({ at, value }) =>
      line([at, y(value.min)], [at, y(value.max)], {
        stroke: colour,
        'stroke-width': 1.5,
        'stroke-opacity': 0.6,
      }),
    ),
    element('path', { d: path.join(''), fill: 'none', stroke: colour, 'stroke-width': 2 }),
    ...points.map(({ at, value }) =>
      element('circle', { cx: at, cy: y(value.median), r: 3.5, fill: colour }),
    ),
  ].join('');
}
