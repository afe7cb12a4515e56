import type { BitReader } from './bit-reader.js';
import { CallMarks, MAX_MARKS } from './call-marks.js';
import { DEATHS_PREFIX } from './death-section.js';
import { AGE_ORDER, MAP_PREFIX, ORDER_BITS } from './finished-map-encoder.js';
import { openSection, sectionOf, type MapPlace } from './metadata-sections.js';
import { FinishedMap, type FinishedRun, type RecordMark } from './finished-map.js';

/** What the metadata of a commit says. */
export interface DecodedMap {
  readonly map?: FinishedMap;
  /** Why it says nothing, though it is there. */
  readonly problem?: string;
}

/** Never throws: what cannot be read says nothing. Bounded by the length of the metadata. */
export const decodeFinishedMap = (metadata: string, place: MapPlace): DecodedMap => {
  if (metadata === '') return {};
  const text = sectionOf(metadata, MAP_PREFIX);
  if (text === undefined) {
    const isOurs = sectionOf(metadata, DEATHS_PREFIX) !== undefined;
    return isOurs ? {} : { problem: 'it is of another version, or of another tool' };
  }
  const reader = openSection(text, place);
  if (reader === undefined) return { problem: 'it is damaged, or was made for another place' };
  try {
    return { map: readMap(reader, place.offset) };
  } catch (error) {
    return { problem: `it is damaged: ${(error as Error).message}` };
  }
};

const readMap = (reader: BitReader, from: bigint): FinishedMap => {
  const latestMs = reader.uint48();
  const anchor = readAnchor(reader, from, latestMs);
  const orders = [0, 0, 0, 0].map(() => reader.bits(ORDER_BITS)) as [number, number, number, number];
  const runs: FinishedRun[] = [];
  const partial = new Map<bigint, CallMarks>();
  for (let at = from; !reader.isAtEnd;) {
    at += BigInt(reader.number(orders[0]));
    if (reader.bits(1) === 1) {
      partial.set(at, readMarks(reader, orders[2], orders[3]));
      at += 1n;
    } else {
      const to = at + BigInt(reader.number(orders[1]) + 1);
      runs.push({ from: at, to });
      at = to;
    }
  }
  return new FinishedMap({ runs, partial, latestMs, anchor });
};

const readAnchor = (reader: BitReader, from: bigint, latestMs: number): RecordMark | undefined => {
  if (reader.bits(1) === 0) return undefined;
  const offset = from + BigInt(reader.number(0));
  return { offset, timestampMs: latestMs - reader.number(AGE_ORDER) };
};

const readMarks = (reader: BitReader, openOrder: number, finishedOrder: number): CallMarks => {
  const marks = new CallMarks();
  let at = 0;
  for (let left = reader.number(0) + 1; left > 0; left--) {
    const start = at + reader.number(openOrder) + (at === 0 ? 0 : 1);
    at = start + reader.number(finishedOrder) + 1;
    if (at > MAX_MARKS) throw new RangeError('a record has not so many calls.');
    marks.addRun(start, at);
  }
  return marks;
};
