/** How the messages that wait for one partition become the values of records. */
export interface Packing {
  pack(messages: readonly Buffer[]): readonly Buffer[];
  unpack(value: Buffer): readonly Buffer[];
}

export const oneMessagePerRecord: Packing = {
  pack: (messages) => messages,
  unpack: (value) => [value],
};

const LENGTH_BYTES = 4;

/** All messages in one record, each behind its length: what the broker and kafkajs do, they do once for many calls. */
export const frameList: Packing = {
  pack: (messages) => [Buffer.concat(messages.flatMap((message) => [lengthOf(message), message]))],
  unpack: (value) => {
    const messages: Buffer[] = [];
    for (let at = 0; at < value.length;) {
      const from = at + LENGTH_BYTES;
      at = from + value.readUInt32BE(at);
      messages.push(value.subarray(from, at));
    }
    return messages;
  },
};

function lengthOf(message: Buffer): Buffer {
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32BE(message.length);
  return length;
}
