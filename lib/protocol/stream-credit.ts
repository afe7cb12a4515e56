/**
 * The name of the record header in which a client says that it gives credit for streams, and how much for each before the first message
 * of its own. Receivers that do not know it ignore it, and send what they have.
 */
export const CREDIT_HEADER = 'rpc-credit';

/** So many more values, of so many bytes in all, are taken. The last of them may go beyond the bytes. */
export interface Credit {
  readonly values: number;
  readonly bytes: number;
}

/** No caller has more: what it gives beyond is cut off, so that none can have a server run ahead of it without a bound. */
export const MAX_CREDIT: Credit = Object.freeze({ values: 1_048_576, bytes: 1_073_741_824 });

const HEADER_BYTES = 8;

export const encodeCredit = ({ values, bytes }: Credit): Buffer => {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(values);
  header.writeUInt32BE(bytes, 4);
  return header;
};

/** @returns undefined when the sender does not say that it gives credit. */
export const decodeCredit = (header: Buffer | readonly Buffer[] | undefined): Credit | undefined => {
  if (!Buffer.isBuffer(header) || header.length !== HEADER_BYTES) return undefined;
  const [values, bytes] = [header.readUInt32BE(), header.readUInt32BE(4)];
  return values === 0 || bytes === 0 ? undefined : { values, bytes };
};
