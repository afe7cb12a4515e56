import { createHash } from 'node:crypto';

/** What a server serves, as it tells the others of its group. */
export interface ServedHandlers {
  /** The server's id. */
  readonly server: string;
  /** Of all its patterns, as far as they are not listed. */
  readonly hash: string;
  /** In order, so many as have room. */
  readonly patterns: readonly string[];
  readonly topics: readonly string[];
  /** What it can do (`capabilities.ts`). None for members of releases that did not say. */
  readonly capabilities: readonly string[];
}

/** Members of a group tell one another 4 KiB at most. */
const MAX_BYTES = 4_096;
const MAX_PATTERNS_BYTES = 2_500;
const MAX_TOPICS = 64;

/** @param patterns of all handlers, in any order */
export const servedHandlers = (
  server: string,
  patterns: readonly string[],
  topics: readonly string[],
  capabilities: readonly string[] = [],
): ServedHandlers => {
  const sorted = [...patterns].sort();
  const hash = createHash('sha256').update(JSON.stringify(sorted)).digest('base64url').slice(0, 16);
  return { server, hash, patterns: withinBytes(sorted, MAX_PATTERNS_BYTES), topics, capabilities };
};

export const encodeServedHandlers = (served: ServedHandlers): Buffer => {
  const bytes = Buffer.from(JSON.stringify(served));
  if (bytes.length <= MAX_BYTES) return bytes;
  const { server, hash, topics, capabilities } = served;
  const fewer = { server, hash, patterns: [], topics: withinBytes(topics, MAX_PATTERNS_BYTES), capabilities };
  return Buffer.from(JSON.stringify(fewer));
};

/** Undefined for what another kind of member says of itself. Never throws. */
export const decodeServedHandlers = (bytes: Buffer): ServedHandlers | undefined => {
  if (bytes.length === 0 || bytes.length > MAX_BYTES) return undefined;
  try {
    const said = JSON.parse(bytes.toString()) as Partial<ServedHandlers>;
    const { server, hash, patterns, topics, capabilities } = said;
    if (typeof server !== 'string' || typeof hash !== 'string') return undefined;
    if (!isListOfTexts(patterns) || !isListOfTexts(topics)) return undefined;
    return {
      server,
      hash,
      patterns,
      topics: topics.slice(0, MAX_TOPICS),
      capabilities: isListOfTexts(capabilities) ? capabilities : [],
    };
  } catch {
    return undefined;
  }
};

const isListOfTexts = (list: unknown): list is readonly string[] =>
  Array.isArray(list) && list.every((text) => typeof text === 'string');

const withinBytes = (texts: readonly string[], maxBytes: number): readonly string[] => {
  let bytes = 0;
  return texts.filter((text) => (bytes += Buffer.byteLength(JSON.stringify(text)) + 1) <= maxBytes);
};
