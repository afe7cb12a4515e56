import { createErrorFromCode } from 'kafkajs/src/protocol/error.js';
import type { ProtocolRequest, ProtocolResponse } from './protocol-request.js';
import type { ResponseReader } from './response-reader.js';

/** As old as Kafka 2.0, and still spoken by Kafka 4. */
const INIT_PRODUCER_ID = { apiKey: 22, apiVersion: 1, apiName: 'InitProducerId' } as const;

const NULL_STRING = -1;
/** Of transactions only, and checked all the same. */
const TRANSACTION_TIMEOUT_MS = 60_000;
const REQUEST_BYTES = 6;

/** Who a producer is to brokers. */
export interface ProducerId {
  readonly producerId: bigint;
  readonly epoch: number;
}

/**
 * Asks any broker for a producer id without transactions.
 * @throws what kafkajs throws: `CLUSTER_AUTHORIZATION_FAILED` without the right to write idempotently.
 * @see https://kafka.apache.org/protocol#The_Messages_InitProducerId
 */
export const initProducerIdRequest = (): ProtocolRequest<ProducerId> => ({
  api: INIT_PRODUCER_ID,
  maxBytes: REQUEST_BYTES,
  write: (writer) => {
    writer.int16(NULL_STRING);
    writer.int32(TRANSACTION_TIMEOUT_MS);
  },
  read: readResponse,
});

const readResponse = (reader: ResponseReader): ProtocolResponse<ProducerId> => {
  const throttleMs = reader.throttleMs();
  const code = reader.int16();
  if (code !== 0) throw createErrorFromCode(code);
  return { value: { producerId: reader.int64(), epoch: reader.int16() }, throttleMs };
};
