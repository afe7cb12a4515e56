/**
 * The name of the record header in which a client says what a server may send beside values and ends. Receivers that do not know it
 * ignore it, as any header that is not theirs.
 */
export const NOTES_HEADER = 'rpc-notes';

/** Headers and progress. Other bits are for later. */
const HEADERS_AND_PROGRESS = 1;

/** What this version of a client says of itself. */
export const encodeNotes = (): Buffer => Buffer.of(HEADERS_AND_PROGRESS);

/** @returns whether the sender knows headers and progress. */
export const decodeNotes = (header: Buffer | readonly Buffer[] | undefined): boolean =>
  Buffer.isBuffer(header) && header.length > 0 && (header.readUInt8() & HEADERS_AND_PROGRESS) !== 0;

/** Headers of an answer, by name. */
export type ReplyHeaders = Readonly<Record<string, string>>;

export const NO_REPLY_HEADERS: ReplyHeaders = Object.freeze({});

/** Of the names and values of one answer's headers together, as UTF-8. */
export const MAX_REPLY_HEADER_BYTES = 8_192;
