import { BitWriter, bitLength } from './bit-writer.js';
import type { CallMarks } from './call-marks.js';
import type { FinishedMap } from './finished-map.js';
import { capacityOf, sealSection, sectionLength, type MapPlace } from './metadata-sections.js';

/** What the section of a map begins with in this version. */
export const MAP_PREFIX = 'f1.';
/** Bits of the order in which numbers of a kind are written. */
export const ORDER_BITS = 5;
/** The order in which ages are written: a minute in milliseconds takes as many bits as it has. */
export const AGE_ORDER = 16;

const MAX_ORDER = 24;
/** Of so many numbers the best order is worked out; of more, of every second one, and so on. */
const SAMPLE = 256;

export interface EncodedMap {
  /** As much of the map as fits, from the commit on; empty for nothing. */
  readonly metadata: string;
  /** How long it would be with all of it. */
  readonly neededLength: number;
  /** What the map has below this offset is all in it; undefined when all of the map is. */
  readonly coveredTo: bigint | undefined;
}

/** A stretch behind what was written before: of records that are finished, or one of which calls are. */
interface Piece {
  /** Offsets between that nothing is known of. */
  readonly gap: number;
  readonly records: number;
  /** As they are written, where calls are finished. */
  readonly calls: readonly number[] | undefined;
}

/**
 * A map as the metadata of a commit: docs/protocol.md, "What is finished above a commit".
 *
 * Cost: some microseconds, and a millisecond for 10,000 stretches.
 * @param maxLength in characters
 */
export const encodeFinishedMap = (map: FinishedMap, place: MapPlace, maxLength: number): EncodedMap => {
  const writer = new BitWriter(capacityOf(maxLength));
  const pieces = piecesOf(map, place.offset);
  const orders = ordersOf(pieces);
  writeHead(writer, map, place.offset);
  for (const order of orders) writer.bits(order, ORDER_BITS);
  let fitting = 0;
  let coveredTo = place.offset;
  for (const piece of pieces) {
    writePiece(writer, piece, orders);
    if (!writer.isWithin) continue;
    fitting = writer.length;
    coveredTo += BigInt(piece.gap + piece.records);
  }
  return {
    metadata: fitting === 0 ? '' : MAP_PREFIX + sealSection(writer.finish(fitting), place),
    neededLength: sectionLength(writer.length),
    coveredTo: writer.isWithin ? undefined : coveredTo,
  };
};

const writeHead = (writer: BitWriter, { latestMs, anchor }: FinishedMap, offset: bigint): void => {
  writer.uint48(latestMs);
  writer.bits(anchor === undefined ? 0 : 1, 1);
  if (anchor === undefined) return;
  writer.number(Number(anchor.offset - offset), 0);
  writer.number(latestMs - anchor.timestampMs, AGE_ORDER);
};

type Orders = readonly [gaps: number, records: number, openCalls: number, finishedCalls: number];

const writePiece = (writer: BitWriter, { gap, records, calls }: Piece, orders: Orders): void => {
  writer.number(gap, orders[0]);
  writer.bits(calls === undefined ? 0 : 1, 1);
  if (calls === undefined) return writer.number(records - 1, orders[1]);
  writer.number(calls.length / 2 - 1, 0);
  for (let i = 0; i < calls.length; i++) writer.number(calls[i] as number, orders[2 + (i & 1)] as number);
};

const piecesOf = ({ runs, partial }: FinishedMap, from: bigint): readonly Piece[] => {
  const pieces: Piece[] = [];
  const partials = [...partial].filter(([, marks]) => !marks.isEmpty).sort(([a], [b]) => (a < b ? -1 : 1));
  let at = from;
  let next = 0;
  const takePartials = (below: bigint | undefined): void => {
    for (; next < partials.length; next++) {
      const [offset, marks] = partials[next] as [bigint, CallMarks];
      if (below !== undefined && offset >= below) return;
      pieces.push({ gap: Number(offset - at), records: 1, calls: callsOf(marks) });
      at = offset + 1n;
    }
  };
  for (const run of runs) {
    takePartials(run.from);
    pieces.push({ gap: Number(run.from - at), records: Number(run.to - run.from), calls: undefined });
    at = run.to;
  }
  takePartials(undefined);
  return pieces;
};

/** Only the first number can be none. */
const callsOf = (marks: CallMarks): number[] =>
  marks.runs().map((length, index) => (index === 0 ? length : length - 1));

const ordersOf = (pieces: readonly Piece[]): Orders => {
  const numbers: [number[], number[], number[], number[]] = [[], [], [], []];
  for (const { gap, records, calls } of pieces) {
    numbers[0].push(gap);
    if (calls === undefined) numbers[1].push(records - 1);
    else calls.forEach((length, index) => numbers[index & 1 ? 3 : 2].push(length));
  }
  return numbers.map(bestOrder) as unknown as Orders;
};

/** The order in which the numbers take the fewest bits. */
const bestOrder = (numbers: readonly number[]): number => {
  const step = Math.ceil(numbers.length / SAMPLE);
  let [best, fewest] = [0, Infinity];
  for (let order = 0; order <= MAX_ORDER; order++) {
    let bits = 0;
    for (let i = 0; i < numbers.length; i += step)
      bits += 2 * bitLength((numbers[i] as number) + 2 ** order) - order - 1;
    if (bits < fewest) [best, fewest] = [order, bits];
    else if (bits > fewest) break;
  }
  return best;
};
