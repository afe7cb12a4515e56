/** What the tests of the driver's own requests compare with. */

declare module 'kafkajs/src/protocol/decoder.js' {
  interface Decoder {
    readInt32(): number;
  }

  const Decoder: new (bytes: Buffer) => Decoder;
  export default Decoder;
}

declare module 'kafkajs/src/protocol/recordBatch/v0/decoder.js' {
  import type Decoder from 'kafkajs/src/protocol/decoder.js';

  export default function decode(decoder: Decoder): Promise<{
    readonly records: readonly {
      readonly key: Buffer | null;
      readonly value: Buffer | null;
      readonly headers: object;
    }[];
  }>;
}

declare module 'kafkajs/src/protocol/recordBatch/crc32C/index.js' {
  /** An unsigned 32-bit number. */
  export default function crc32c(bytes: Uint8Array): number;
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  /** What this package must leave as it is. */
  const RequestQueue: { readonly prototype: object };
  export default RequestQueue;
}
