import { encodeEnvelope } from '../../../lib/protocol/envelope.js';
import { BrokerClock } from '../../../lib/wire/broker-clock.js';
import { Codec } from '../../../lib/wire/codec.js';
import { Outbox } from '../../../lib/wire/outbox.js';
import { json } from '../../../lib/wire/serializers/json.js';
import { replyTopicSpec, resolveWireOptions } from '../../../lib/wire/wire-options.js';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { SERVER_ID } from '../../support/incoming-calls.js';
import { connectRaw } from '../../support/raw-records.js';

describe('Outbox', () => {
  it('keeps a batch for 2,000 clients on one partition within what a topic takes, envelopes included', async () => {
    const options = resolveWireOptions({ driver: memoryDriver(), replyPartitions: 1 });
    const connection = await connectRaw(options.driver);
    await connection.ensureTopics([replyTopicSpec(options)], { create: true });
    const outbox = new Outbox(connection, new Codec(json()), new BrokerClock(), options);
    const errors: string[] = [];
    for (let client = 0; client < 2_000; client++) {
      const recipient = Buffer.alloc(16);
      recipient.writeUInt32BE(client);
      const facts = { direction: 'reply', contentType: 'json', stages: '' } as const;
      const envelope = encodeEnvelope({ ...facts, sender: SERVER_ID, recipient });
      const destination = {
        topic: options.topics.replies,
        partition: 0,
        direction: 'reply',
        envelope,
      } as const;
      outbox.send(
        destination,
        { kind: 'next', seq: 1, run: 1, index: 0, payload: Buffer.alloc(470) },
        { delivered: (error) => error !== undefined && errors.push(error.message) },
      );
    }
    await outbox.idle();
    expect([...new Set(errors)]).toEqual([]);
    await connection.close();
  });
});
