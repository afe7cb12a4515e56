import { Counters } from '../../../lib/diagnostics/counters.js';
import type { RequestEnvelope } from '../../../lib/protocol/envelope.js';
import { Codec } from '../../../lib/wire/codec.js';
import { Receiver } from '../../../lib/wire/receiver.js';
import { json } from '../../../lib/wire/serializers/json.js';
import { requestEnvelope } from '../../support/incoming-calls.js';
import { consumed, speak } from '../../support/raw-records.js';

describe('Receiver', () => {
  it('gives up on a record of garbage early: a million zeros are 250,000 messages that end too soon', () => {
    const counters = new Counters();
    const accept = (envelope: unknown): RequestEnvelope => envelope as RequestEnvelope;
    const receiver = new Receiver<RequestEnvelope>(new Codec(json()), counters, {
      accept,
      onMessages: () => undefined,
    });
    const record = consumed({ ...speak(requestEnvelope()), value: Buffer.alloc(1_000_000) });
    receiver.receive(record);
    expect(counters.snapshot().messagesMalformed).toBe(16);
  });
});
