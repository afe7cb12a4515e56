import type { RequestWriter } from './request-writer.js';
import type { ResponseReader } from './response-reader.js';

/** Which request, and in which version. @see https://kafka.apache.org/protocol#protocol_api_keys */
export interface ProtocolApi {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  /** Whether the version has compact types and tagged fields, in the headers too (KIP-482). @default false */
  readonly isFlexible?: boolean;
}

/** A request of ours, and how its answer is read. */
export interface ProtocolRequest<T> {
  readonly api: ProtocolApi;
  /** No less than `write` writes. */
  readonly maxBytes: number;
  readonly write: (writer: RequestWriter) => void;
  readonly read: (reader: ResponseReader) => ProtocolResponse<T>;
}

export interface ProtocolResponse<T> {
  readonly value: T;
  /** How long the broker wants to be left alone (KIP-219). */
  readonly throttleMs: number;
}
