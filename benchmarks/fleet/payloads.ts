/** All different texts of one size together take no more than this. */
const POOL_BYTES = 4 * 1024 * 1024;
const MIN_TEXTS = 4;
const MAX_TEXTS = 2_048;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** With the field names around them, half of each text can be compressed away. */
const RANDOM_CHARACTERS = 20;

/**
 * Texts as they travel between services: JSON with names that repeat and values that do not, half compressible. Many
 * different ones, as calls of one record are compressed together and would find each other again. The same in every run.
 */
export function payloadTexts(bytes: number, seed = 1): readonly string[] {
  const random = mulberry32(seed);
  const count = Math.min(MAX_TEXTS, Math.max(MIN_TEXTS, Math.floor(POOL_BYTES / bytes)));
  return Array.from({ length: count }, () => payloadText(bytes, random));
}

function payloadText(bytes: number, random: () => number): string {
  const parts: string[] = [];
  let length = 0;
  while (length < bytes) {
    const value = Array.from(
      { length: RANDOM_CHARACTERS },
      () => ALPHABET[Math.floor(random() * ALPHABET.length)],
    );
    const part = `{"reference":"${value.join('')}"},`;
    parts.push(part);
    length += part.length;
  }
  return parts.join('').slice(0, bytes);
}

/** Small, fast, and the same on every machine; not for secrets. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
