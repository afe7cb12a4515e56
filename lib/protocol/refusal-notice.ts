import { ByteReader, malformed } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';

/** What a server says of records that it refuses: the value of a record of direction `refusal`. Without any proof. */
export interface RefusalMessage {
  readonly code: RefusalCode;
  /** The request topic on which the record stood. */
  readonly topic: string;
  /** The server's own wire stages, joined by `+`. */
  readonly serverStages: string;
  /** The stage that refused; empty when the stages are others. */
  readonly stage: string;
  /** The key id that the record names; empty for none. */
  readonly keyId: string;
}

export const REFUSAL_CODES = {
  /** The sender has other wire stages. */
  stages: 1,
  /** A keyed stage refused the record. How it failed is not said. */
  'not-authentic': 2,
} as const;

export type RefusalCode = keyof typeof REFUSAL_CODES;

const CODE_NAMES = new Map(
  Object.entries(REFUSAL_CODES).map(([name, code]) => [code as number, name as RefusalCode]),
);

/** A reader looks at no more. */
export const MAX_REFUSAL_BYTES = 8_192;

/** Byte by byte in docs/protocol.md. */
export const encodeRefusal = (refusal: RefusalMessage): Buffer => {
  const writer = new ByteWriter();
  writer.uint8(REFUSAL_CODES[refusal.code]);
  for (const text of [refusal.topic, refusal.serverStages, refusal.stage, refusal.keyId])
    writer.string16(text);
  return writer.finish();
};

/** @throws RpcError `INVALID_ARGUMENT` */
export const decodeRefusal = (bytes: Buffer): RefusalMessage => {
  if (bytes.length > MAX_REFUSAL_BYTES) throw malformed(`a refusal has ${bytes.length} bytes`);
  const reader = new ByteReader(bytes);
  const number = reader.uint8();
  const code = CODE_NAMES.get(number);
  if (code === undefined) throw malformed(`refusal code ${number} is unknown`);
  const refusal = {
    code,
    topic: reader.string16(),
    serverStages: reader.string16(),
    stage: reader.string16(),
    keyId: reader.string16(),
  };
  reader.end('refusal');
  return refusal;
};
