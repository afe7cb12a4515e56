import { once } from 'node:events';
import { connect } from 'node:net';
import { KafkaFrames } from './kafka-frames.js';

/** AlterClientQuotas (KIP-546), which kafkajs does not speak, in its first version. */
const API_KEY = 49;
const HEAD_BYTES = 4 + 4;
const THROTTLE_BYTES = 4;
const COUNT_BYTES = 4;

/** What the broker lets a client do in a second, by its name: `producer_byte_rate`, `consumer_byte_rate`. */
export interface ClientQuota {
  readonly clientId: string;
  readonly name: 'producer_byte_rate' | 'consumer_byte_rate';
  /** Left out to have none. */
  readonly bytesPerSecond?: number;
}

/** @throws Error with the broker's error code */
export const setQuota = async (broker: string, quota: ClientQuota): Promise<void> => {
  const [host, port] = broker.split(':') as [string, string];
  const socket = connect(Number(port), host);
  try {
    const frames = new KafkaFrames();
    const answered = new Promise<Buffer>((resolve, reject) => {
      socket.on('data', (bytes) => frames.add(bytes).forEach(resolve));
      socket.on('error', reject).on('close', () => reject(new Error('The broker hung up.')));
    });
    await once(socket, 'connect');
    socket.write(requestOf(quota));
    const errorCode = (await answered).readInt16BE(HEAD_BYTES + THROTTLE_BYTES + COUNT_BYTES);
    if (errorCode !== 0) throw new Error(`The broker refuses the quota: error ${errorCode}`);
  } finally {
    socket.destroy();
  }
};

const requestOf = ({ clientId, name, bytesPerSecond }: ClientQuota): Buffer => {
  const rate = Buffer.alloc(8);
  rate.writeDoubleBE(bytesPerSecond ?? 0);
  const body = Buffer.concat([
    ...[int16(API_KEY), int16(0), int32(1), text('test')],
    ...[int32(1), int32(1), text('client-id'), text(clientId)],
    ...[int32(1), text(name), rate, boolean(bytesPerSecond === undefined)],
    boolean(false),
  ]);
  return Buffer.concat([int32(body.length), body]);
};

const int16 = (value: number): Buffer => Buffer.of((value >> 8) & 0xff, value & 0xff);

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

const boolean = (value: boolean): Buffer => Buffer.of(value ? 1 : 0);

const text = (value: string): Buffer => Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
