import type { BitReader } from './bit-reader.js';
import { BitWriter } from './bit-writer.js';
import { capacityOf, openSection, sealSection, sectionOf, type MapPlace } from './metadata-sections.js';

/** A call that may kill its server, as a commit names it. */
export interface NamedSuspect {
  readonly offset: bigint;
  /** Its place in the record. */
  readonly index: number;
  /** Of the append time of its record, so that a record of another log at this offset is told apart. */
  readonly stamp: number;
  /** How many servers died with it in their hands. */
  readonly deaths: number;
  /** Whether a handler has it, or gets it when the commit is acknowledged. */
  readonly isStarted: boolean;
  /** Whether no other suspect is started beside it. */
  readonly isAlone: boolean;
}

/** What a commit says of deaths. */
export interface DeathsFound {
  /** Whether its writer had the partition, and has not left it in order. */
  readonly isTaken: boolean;
  readonly suspects: readonly NamedSuspect[];
}

/** What the section of deaths begins with in this version. */
export const DEATHS_PREFIX = 'c1.';

const STAMP_BITS = 20;
const OFFSET_ORDER = 4;
const INDEX_ORDER = 4;
const DEATHS_ORDER = 1;

export const stampOf = (timestampMs: number): number => timestampMs % 2 ** STAMP_BITS;

/**
 * @param suspects in any order
 * @param maxLength in characters; what does not fit is left out, from the end of the log
 * @returns an empty text for nothing
 */
export const encodeDeaths = (
  isTaken: boolean,
  suspects: Iterable<NamedSuspect>,
  place: MapPlace,
  maxLength: number,
): string => {
  const writer = new BitWriter(capacityOf(maxLength));
  const sorted = [...suspects].sort((a, b) => Number(a.offset - b.offset) || a.index - b.index);
  if (sorted.length === 0) return isTaken ? DEATHS_PREFIX : '';
  writer.bits(isTaken ? 1 : 0, 1);
  let fitting = writer.length;
  let at = place.offset;
  for (const suspect of sorted) {
    writer.number(Number(suspect.offset - at), OFFSET_ORDER);
    writer.number(suspect.index, INDEX_ORDER);
    writer.bits(suspect.stamp, STAMP_BITS);
    writer.number(suspect.deaths, DEATHS_ORDER);
    writer.bits((suspect.isStarted ? 2 : 0) + (suspect.isAlone ? 1 : 0), 2);
    at = suspect.offset;
    if (writer.isWithin) fitting = writer.length;
  }
  return DEATHS_PREFIX + sealSection(writer.finish(fitting), place);
};

/** Never throws: what cannot be read says nothing. @param metadata of a commit */
export const decodeDeaths = (metadata: string, place: MapPlace): DeathsFound => {
  const text = sectionOf(metadata, DEATHS_PREFIX);
  if (text === undefined) return NOTHING_FOUND;
  if (text === '') return TAKEN;
  const reader = openSection(text, place);
  if (reader === undefined) return NOTHING_FOUND;
  try {
    return { isTaken: reader.bits(1) === 1, suspects: readSuspects(reader, place.offset) };
  } catch {
    return NOTHING_FOUND;
  }
};

const NOTHING_FOUND: DeathsFound = Object.freeze({ isTaken: false, suspects: [] });
const TAKEN: DeathsFound = Object.freeze({ isTaken: true, suspects: [] });

const readSuspects = (reader: BitReader, from: bigint): NamedSuspect[] => {
  const suspects: NamedSuspect[] = [];
  for (let offset = from; !reader.isAtEnd;) {
    offset += BigInt(reader.number(OFFSET_ORDER));
    const index = reader.number(INDEX_ORDER);
    const stamp = reader.bits(STAMP_BITS);
    const deaths = reader.number(DEATHS_ORDER);
    const flags = reader.bits(2);
    suspects.push({ offset, index, stamp, deaths, isStarted: flags >= 2, isAlone: (flags & 1) === 1 });
  }
  return suspects;
};
