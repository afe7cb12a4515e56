import type { Sum } from '../../measure/load.js';
import type { SumClient } from '../client-program.js';
import type { PeerBroker } from '../peer.js';
import type { Packing } from './packing.js';
import { RawKafka } from './raw-kafka.js';
import { RawOutbox } from './raw-outbox.js';
import { REPLY_PARTITION, replyTopicOf, requestTopicOf } from './topics.js';

/** call → request topic, reply topic → call: a number tells which reply is whose. */
export const floorClient =
  (peer: string, packing: Packing) =>
  async (broker: PeerBroker): Promise<SumClient> => {
    const requests = requestTopicOf(broker, peer);
    const replies = replyTopicOf(broker, peer);
    const kafka = await RawKafka.connect(broker, [requests, replies]);
    const outbox = new RawOutbox(kafka, requests, packing);
    const open = new Map<number, (sum: Sum) => void>();
    await kafka.read(replies, [REPLY_PARTITION], (value) => {
      for (const message of packing.unpack(value)) {
        const { id, ...sum } = JSON.parse(message.toString()) as Sum & { readonly id: number };
        open.get(id)?.(sum);
        open.delete(id);
      }
    });
    let calls = 0;
    return {
      call: (terms) => {
        const id = calls++;
        outbox.send(id % broker.partitions, Buffer.from(JSON.stringify({ id, ...terms })));
        return new Promise((resolve) => open.set(id, resolve));
      },
      close: () => kafka.close(),
    };
  };
