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
