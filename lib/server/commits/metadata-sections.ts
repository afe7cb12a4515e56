import { crc32c } from '../../checksum/crc32c.js';
import type { TopicPartition } from '../../driver/record.js';
import { BitReader } from './bit-reader.js';

/** Where a section belongs: it says nothing of any other place. */
export interface MapPlace extends TopicPartition {
  /** That is committed. */
  readonly offset: bigint;
}

const CHECKSUM_BYTES = 4;
/** No section has it in its base64url, or in its prefix. */
const SEPARATOR = ';';
/** Letters and a version, then a dot. */
const PREFIX_LENGTH = 3;

/** The metadata of a commit: sections, each with a prefix that says what it is. Empty ones are left out. */
export const joinSections = (...sections: readonly string[]): string =>
  sections.filter((section) => section !== '').join(SEPARATOR);

/**
 * What stands behind a prefix in the metadata of a commit; undefined when there is no such section. Sections that a reader does not know
 * are for others.
 */
export const sectionOf = (metadata: string, prefix: string): string | undefined =>
  metadata
    .split(SEPARATOR)
    .find((section) => section.startsWith(prefix))
    ?.slice(prefix.length);

/** The sum over the bits and the place that they belong to. */
export const checksumOf = (bits: Buffer, { topic, partition, offset }: MapPlace): number =>
  crc32c(bits, crc32c(Buffer.from(`${topic}/${partition}/${offset}/`)));

/** Bits as the text of a section, behind its prefix. */
export const sealSection = (bits: Buffer, place: MapPlace): string => {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32BE(checksumOf(bits, place));
  return Buffer.concat([checksum, bits]).toString('base64url');
};

/** @returns undefined for what is damaged, or was made for another place */
export const openSection = (text: string, place: MapPlace): BitReader | undefined => {
  const bytes = Buffer.from(text, 'base64url');
  const bits = bytes.subarray(CHECKSUM_BYTES);
  if (bits.length === 0 || bytes.readUInt32BE(0) !== checksumOf(bits, place)) return undefined;
  return new BitReader(bits);
};

/** Bits that fit in a section, beside the one that closes them. @param maxLength in characters, with the prefix */
export const capacityOf = (maxLength: number): number =>
  (Math.floor(((maxLength - PREFIX_LENGTH) * 3) / 4) - CHECKSUM_BYTES) * 8 - 1;

/** How long a section is, with its prefix. @param bits beside the one that closes them */
export const sectionLength = (bits: number): number =>
  PREFIX_LENGTH + Math.ceil(((CHECKSUM_BYTES + ((bits + 8) >>> 3)) * 4) / 3);
