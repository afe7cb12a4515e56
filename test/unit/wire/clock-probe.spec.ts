import { BrokerClock } from '../../../lib/wire/broker-clock.js';
import { probeClock } from '../../../lib/wire/clock-probe.js';
import { Codec } from '../../../lib/wire/codec.js';
import { json } from '../../../lib/wire/serializers/json.js';
import { REPLIES } from '../../support/incoming-calls.js';
import { PlayedProducer } from '../../support/played-producer.js';
import { turns } from '../../support/until.js';

describe('probeClock', () => {
  it('learns the broker’s clock from one record without messages', async () => {
    const producer = new PlayedProducer();
    const clock = new BrokerClock(() => 1_000);
    const probing = probeClock(producer as never, new Codec(json()), clock, REPLIES);
    await turns(1);
    expect(producer.last.records).toMatchObject([
      { topic: 'rpc.replies', partition: 3, value: Buffer.alloc(0) },
    ]);
    producer.last.acknowledge(301_000);
    await probing;
    expect(clock.now()).toBeCloseTo(301_000, -1);
  });

  it('fails when the record cannot be sent', async () => {
    const producer = new PlayedProducer();
    const probing = probeClock(producer as never, new Codec(json()), new BrokerClock(), REPLIES);
    await turns(1);
    producer.last.fail(new Error('no broker'));
    await expect(probing).rejects.toThrow('no broker');
  });
});
