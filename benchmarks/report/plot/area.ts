import type { Chart } from './chart.js';
import { linearScale, logarithmicScale, type Scale } from './scale.js';
import { element, SERIES_COLOURS, text } from './svg.js';

/** Where a chart draws: everything inside of `left … right`, from `top` on. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
}

/** A chart as drawn, and how high it became. */
export interface Drawn {
  readonly svg: string;
  readonly height: number;
}

const LEGEND_ROW = 18;
const SWATCH = 10;
const LETTER = 6.8;

export function scaleOf({ series, isLogarithmic }: Chart): Scale {
  const values = series.flatMap((each) =>
    each.values.flatMap((value) => (value ? [value.min, value.max] : [])),
  );
  return isLogarithmic ? logarithmicScale(values) : linearScale(values);
}

/** Title, what the numbers are, and which colour is which series, if there are several. */
export function heading({ title, unit, series, isLogarithmic }: Chart, { left, right, top }: Area): Drawn {
  const parts = [
    text(left, top + 14, title, { class: 'heading' }),
    text(left, top + 32, isLogarithmic ? `${unit}, logarithmic` : unit, { class: 'quiet' }),
  ];
  if (series.length < 2) return { svg: parts.join(''), height: 44 };
  let x = left;
  let y = top + 52;
  for (const [at, { name }] of series.entries()) {
    const width = SWATCH + 6 + name.length * LETTER + 18;
    if (x + width > right && x > left) {
      x = left;
      y += LEGEND_ROW;
    }
    parts.push(
      element('rect', { x, y: y - SWATCH, width: SWATCH, height: SWATCH, rx: 2, fill: colourOf(at) }),
    );
    parts.push(text(x + SWATCH + 6, y - 1, name));
    x += width;
  }
  return { svg: parts.join(''), height: y - top + 16 };
}

export const colourOf = (series: number): string => SERIES_COLOURS[series % SERIES_COLOURS.length] ?? '';
