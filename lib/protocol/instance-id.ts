import { randomBytes } from 'node:crypto';

/** How many bytes name a client or a server in the whole cluster. */
export const INSTANCE_ID_BYTES = 16;

/** A new 128-bit name, from the system's secure random source: nobody can guess it, none is given twice. */
export const newInstanceId = (): Buffer => randomBytes(INSTANCE_ID_BYTES);

/** Mostly both are one object, which spares the look at the bytes. */
export const isSameInstance = (one: Buffer | undefined, other: Buffer): boolean =>
  one === other || (one !== undefined && one.equals(other));

/** How an instance is shown: 32 hexadecimal digits. */
export const formatInstanceId = (id: Buffer): string => id.toString('hex');

/** The name of a call in the whole cluster. */
export const formatCallId = (client: Buffer, seq: number): string => `${formatInstanceId(client)}-${seq}`;
