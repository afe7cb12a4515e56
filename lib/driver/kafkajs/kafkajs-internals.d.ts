/** The files of kafkajs that are reached below its front door. */

/** `quiet-request-queue.ts` says why. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  const RequestQueue: { readonly prototype: object };
  export default RequestQueue;
}

/** Kafka's error codes as kafkajs' errors, which the rest of the driver tells apart. */
declare module 'kafkajs/src/protocol/error.js' {
  export function createErrorFromCode(code: number): Error;
}
