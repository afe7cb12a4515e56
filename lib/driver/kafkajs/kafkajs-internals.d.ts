/** The one file of kafkajs that is reached below its front door: `quiet-request-queue.ts` says why. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  const RequestQueue: { readonly prototype: object };
  export default RequestQueue;
}
