import { add, type Terms } from '../../measure/load.js';
import type { PeerBroker } from '../peer.js';
import type { SumServer } from '../server-program.js';
import type { Packing } from './packing.js';
import { RawKafka } from './raw-kafka.js';
import { RawOutbox } from './raw-outbox.js';
import { REPLY_PARTITION, replyTopicOf, requestTopicOf } from './topics.js';

/** request topic → sum → reply topic, and nothing around it. */
export const floorServer =
  (peer: string, packing: Packing) =>
  async (broker: PeerBroker): Promise<SumServer> => {
    const requests = requestTopicOf(broker, peer);
    const replies = replyTopicOf(broker, peer);
    const kafka = await RawKafka.connect(broker, [requests, replies]);
    const outbox = new RawOutbox(kafka, replies, packing);
    const partitions = Array.from({ length: broker.partitions }, (_, partition) => partition);
    await kafka.read(requests, partitions, (value) => {
      for (const message of packing.unpack(value)) {
        const { id, ...terms } = JSON.parse(message.toString()) as Terms & { readonly id: number };
        outbox.send(REPLY_PARTITION, Buffer.from(JSON.stringify({ id, ...add(terms) })));
      }
    });
    return { close: () => kafka.close() };
  };
