import { once } from 'node:events';
import { connect } from 'node:net';

/** A request that kafkajs cannot make: its API, and the body as Kafka's protocol guide has it. */
export interface RawRequest {
  readonly api: number;
  readonly version: number;
  readonly body: Buffer;
}

/** Asks a broker by a connection of its own. @returns the answer behind its size and correlation id */
export async function askBroker(broker: string, { api, version, body }: RawRequest): Promise<Buffer> {
  const request = Buffer.concat([int16(api), int16(version), int32(1), string16('raw-request'), body]);
  const [host, port] = broker.split(':') as [string, string];
  const socket = connect({ host, port: Number(port) });
  socket.write(Buffer.concat([int32(request.length), request]));
  let answer = Buffer.alloc(0);
  while (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) {
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    answer = Buffer.concat([answer, bytes]);
  }
  socket.destroy();
  return answer.subarray(8);
}

const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};

export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export const string16 = (text: string): Buffer =>
  Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)]);
