/** The file of kafkajs that is reached below its front door. */

/** Kafka's error codes as kafkajs' errors, which the rest of the driver tells apart. */
declare module 'kafkajs/src/protocol/error.js' {
  export function createErrorFromCode(code: number): Error;
}
