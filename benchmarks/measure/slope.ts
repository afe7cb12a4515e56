export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The median of the slopes between all pairs of points (Theil and Sen): a few points far off do not turn it. */
export function slopeOf(points: readonly Point[]): number {
  const slopes = points.flatMap((one, at) =>
    points.slice(at + 1).map((other) => (other.y - one.y) / (other.x - one.x)),
  );
  return slopes.sort((a, b) => a - b)[Math.floor(slopes.length / 2)] ?? NaN;
}
