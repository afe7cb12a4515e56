import { MapPressure } from '../../../../lib/server/commits/map-pressure.js';

const ROOM = 4_000;

describe('MapPressure', () => {
  /** The states of a map with these lengths, each at its second. */
  const states = (...lengths: readonly (readonly [second: number, length: number])[]): string[] => {
    const pressure = new MapPressure();
    return lengths.map(([second, length]) => pressure.update(length, ROOM, second * 1_000));
  };

  it('has reading wait when the map is nearly full, and go on when half of the room is free', () => {
    expect(states([0, 3_000], [0, 3_001], [1, 2_500], [2, 2_001], [3, 2_000], [4, 2_900])).toEqual([
      'reading',
      'waiting',
      'waiting',
      'waiting',
      'reading',
      'reading',
    ]);
  });

  it('reads on over a map that does not shrink, which is of calls that may never end', () => {
    expect(states([0, 3_500], [4, 3_500], [5, 3_400], [9, 9_000], [10, 3_001], [11, 2_000])).toEqual([
      'waiting',
      'waiting',
      'overflowing',
      'overflowing',
      'overflowing',
      'reading',
    ]);
  });

  it('waits on as long as it shrinks', () => {
    expect(states([0, 3_900], [4, 3_650], [8, 3_400], [12, 3_150], [18, 3_150])).toEqual([
      'waiting',
      'waiting',
      'waiting',
      'waiting',
      'overflowing',
    ]);
  });

  it('holds up nothing where no map is wanted', () => {
    expect(new MapPressure().update(9_000, 0, 0)).toBe('reading');
  });
});
