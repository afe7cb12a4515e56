import { Counters } from '../../../lib/diagnostics/counters.js';
import { channels, type RefusedRecord } from '../../../lib/diagnostics/channels.js';
import type { RefusalReason } from '../../../lib/diagnostics/refusal-reasons.js';
import type { ConsumerRecord } from '../../../lib/driver/record.js';
import type { Envelope, RequestEnvelope } from '../../../lib/protocol/envelope.js';
import type { Message } from '../../../lib/protocol/message.js';
import { Codec } from '../../../lib/wire/codec.js';
import { encryption } from '../../../lib/wire/interceptors/encryption.js';
import { keyring } from '../../../lib/wire/keyring/keyring.js';
import { Receiver } from '../../../lib/wire/receiver.js';
import { refusalError } from '../../../lib/wire/refusal.js';
import { json } from '../../../lib/wire/serializers/json.js';
import type { WireInterceptor } from '../../../lib/wire/wire-interceptor.js';
import { deferred, type Deferred } from '../../support/deferred.js';
import { requestEnvelope } from '../../support/incoming-calls.js';
import { consumed, frameList, speak } from '../../support/raw-records.js';
import { turns } from '../../support/until.js';

const cancel = (seq: number): Message => ({ kind: 'cancel', seq });

const record = (offset: number, parts: Partial<ConsumerRecord> = {}, stages = ''): ConsumerRecord =>
  consumed({ offset: BigInt(offset), ...speak(requestEnvelope({ stages }), cancel(offset)), ...parts });

describe('Receiver', () => {
  let counters: Counters;
  let taken: number[];
  let refused: RefusedRecord[];
  let malformed: (RefusedRecord | undefined)[];
  let foreign: bigint[];
  let published: unknown[];
  let isOurs: (envelope: Envelope) => boolean;

  const publish = (message: unknown): void => void published.push(message);

  beforeEach(() => {
    counters = new Counters();
    taken = [];
    refused = [];
    malformed = [];
    foreign = [];
    published = [];
    isOurs = () => true;
    channels.refused.subscribe(publish);
  });

  afterEach(() => channels.refused.unsubscribe(publish));

  const create = (stages: WireInterceptor[] = []): Receiver<RequestEnvelope> =>
    new Receiver(new Codec(json(), stages), counters, {
      accept: (envelope) => (isOurs(envelope) ? (envelope as RequestEnvelope) : undefined),
      onMessages: (messages, _envelope, _record, why) => {
        taken.push(...messages.map(({ seq }) => seq));
        malformed.push(why);
      },
      onForeign: ({ offset }) => foreign.push(offset),
      onRefused: (_record, why) => refused.push(why),
    });

  it('gives the messages of a record on, at once when every stage is synchronous', () => {
    create().receive(record(1, { value: frameList(cancel(1), cancel(2)) }));
    expect(taken).toEqual([1, 2]);
  });

  it('gives an empty record on, too', () => {
    const onMessages = jest.fn();
    const accept = (envelope: Envelope): RequestEnvelope => envelope as RequestEnvelope;
    new Receiver(new Codec(json()), counters, { accept, onMessages }).receive(
      record(1, { value: Buffer.alloc(0) }),
    );
    expect(onMessages).toHaveBeenCalledTimes(1);
  });

  it.each<[string, RefusalReason, Partial<ConsumerRecord>]>([
    ['no envelope', 'not-ours', { headers: {} }],
    ['two envelopes', 'not-ours', { headers: { rpc: [Buffer.from('01'), Buffer.from('01')] } }],
    ['an envelope of another version', 'version', { headers: { rpc: Buffer.from('e98f0a', 'hex') } }],
    ['an envelope that is cut', 'structure', { headers: { rpc: Buffer.from('0101', 'hex') } }],
    ['an empty envelope', 'structure', { headers: { rpc: Buffer.alloc(0) } }],
    ['no value', 'structure', { value: null }],
    ['other stages', 'stages', speak(requestEnvelope({ stages: 'compression' }))],
  ])(
    'refuses a record with %s: counted under %s, told with its place, never thrown',
    (_what, reason, parts) => {
      const receiver = create();
      receiver.receive(record(5, { partition: 3, ...parts }));
      receiver.receive(record(6));
      expect(counters.snapshot().recordsRefused).toBe(1);
      expect(counters.snapshot().refusals[reason]).toBe(1);
      expect(refused).toMatchObject([{ topic: 'rpc.sum.requests', partition: 3, offset: 5n, reason }]);
      expect(refused[0]!.message).toMatch(/\w+/);
      expect(published).toEqual(refused);
      expect(taken).toEqual([6]);
    },
  );

  it('refuses what its handler refuses by the envelope', () => {
    isOurs = () => {
      throw refusalError('PERMISSION_DENIED', 'not allowed', { reason: 'reply-address' });
    };
    create().receive(record(1));
    expect(refused).toMatchObject([{ reason: 'reply-address', message: 'not allowed' }]);
  });

  it('calls its own failure one, and keeps it out of the text', () => {
    const bug = new TypeError('cannot read a secret');
    isOurs = () => {
      throw bug;
    };
    create().receive(record(1));
    expect(refused).toMatchObject([{ reason: 'internal', cause: bug }]);
    expect(refused[0]!.message).not.toContain('secret');
  });

  it('names the stage that threw, and keeps its words out of the text', () => {
    const thrown = new SyntaxError('Unexpected token, "a secret" is not valid JSON');
    const decode = (): never => {
      throw thrown;
    };
    const stages = ['one', 'two'].map((name) => ({ name, encode: (bytes: Buffer) => bytes, decode }));
    create(stages).receive(record(1, {}, 'one+two'));
    expect(refused).toMatchObject([{ reason: 'stage', stage: 'two', cause: thrown }]);
    expect(refused[0]!.message).toBe('The stage "two" refused the record.');
  });

  it('gives reason, stage and key id of a record that is not authentic', async () => {
    const other = encryption({ keyring: keyring({ current: 'k2', keys: { k2: Buffer.alloc(32, 2) } }) });
    const stage = encryption({ keyring: keyring({ current: 'k1', keys: { k1: Buffer.alloc(32, 1) } }) });
    const spoken = speak(requestEnvelope({ stages: stage.name }), cancel(1));
    const context = {
      direction: 'request',
      topic: 'rpc.sum.requests',
      partition: 0,
      envelope: spoken.headers.rpc!,
      headers: {},
    } as const;
    const value = await other.encode(spoken.value!, context);
    create([stage]).receive(record(1, { ...spoken, value }));
    expect(refused).toMatchObject([{ reason: 'unknown-key', stage: 'encryption:aes-256-gcm', keyId: 'k2' }]);
    expect(Object.keys(refused[0]!)).not.toContain('cause');
  });

  it('shows of names of stages that a sender claims no more than a line', () => {
    create().receive(record(1, speak(requestEnvelope({ stages: `a\n\u202e${'b'.repeat(60_000)}` }))));
    expect(refused[0]!.message).toMatch(/^The sender's wire stages are \[a\?\?b+…\], this side's are \[\]/);
    expect(refused[0]!.message.length).toBeLessThan(400);
  });

  it('spends no work on a record that is somebody else’s', () => {
    const decode = jest.fn();
    isOurs = () => false;
    create([{ name: 'a', encode: (bytes) => bytes, decode }]).receive(record(1, {}, 'a'));
    expect(foreign).toEqual([1n]);
    expect(decode).not.toHaveBeenCalled();
    expect(counters.snapshot().recordsRefused).toBe(0);
  });

  it('skips and counts a message that cannot be read, and takes its neighbours', () => {
    const bad = Buffer.from('00000002ffff', 'hex');
    const value = Buffer.concat([frameList(cancel(1)), bad, frameList(cancel(2)), bad]);
    create().receive(record(1, { value }));
    expect(taken).toEqual([1, 2]);
    expect(counters.snapshot()).toMatchObject({ messagesMalformed: 2, recordsRefused: 0 });
  });

  it('tells of all messages of a record that cannot be read once, beside those that can', () => {
    const bad = Buffer.from('00000001ff', 'hex');
    const receiver = create();
    receiver.receive(record(1, { value: Buffer.concat([bad, frameList(cancel(1)), bad]) }));
    receiver.receive(record(2));
    expect(malformed).toEqual([
      {
        topic: 'rpc.sum.requests',
        partition: 0,
        offset: 1n,
        reason: 'message',
        message: expect.stringMatching(/^2 messages .*kind 255 is unknown/) as string,
      },
      undefined,
    ]);
    expect(published).toEqual([malformed[0]]);
    expect(refused).toEqual([]);
    expect(counters.snapshot().refusals.message).toBe(1);
  });

  describe('with an asynchronous stage', () => {
    let gates: Map<string, Deferred<void>>;
    let slow: WireInterceptor;

    beforeEach(() => {
      gates = new Map();
      slow = {
        name: 'slow',
        encode: (bytes) => bytes,
        decode: async (bytes) => {
          await gates.get(bytes.toString('hex'))?.promise;
          return bytes;
        },
      };
    });

    /** A record whose stage waits until `open`. */
    const held = (offset: number, partition = 0): { record: ConsumerRecord; gate: Deferred<void> } => {
      const one = record(offset, { partition }, 'slow');
      const gate = deferred();
      gates.set(one.value!.toString('hex'), gate);
      return { record: one, gate };
    };

    it('keeps the order of a partition, whichever record is ready first', async () => {
      const receiver = create([slow]);
      const [first, second, third] = [held(1), held(2), held(3)];
      for (const one of [first, second, third]) receiver.receive(one.record);
      third.gate.resolve();
      second.gate.resolve();
      await turns(3);
      expect(taken).toEqual([]);
      first.gate.resolve();
      await turns(3);
      expect(taken).toEqual([1, 2, 3]);
    });

    it('does not hold up one partition for another', async () => {
      const receiver = create([slow]);
      const [first, other] = [held(1, 0), held(2, 1)];
      receiver.receive(first.record);
      receiver.receive(other.record);
      other.gate.resolve();
      await turns(3);
      expect(taken).toEqual([2]);
      first.gate.resolve();
      await turns(3);
      expect(taken).toEqual([2, 1]);
    });

    it('refuses a record that the stage rejects, and goes on behind it', async () => {
      const receiver = create([slow]);
      const [first, second] = [held(1), held(2)];
      receiver.receive(first.record);
      receiver.receive(second.record);
      second.gate.resolve();
      first.gate.reject(new Error('tampered'));
      await turns(3);
      expect(refused).toMatchObject([{ offset: 1n, reason: 'stage', stage: 'slow' }]);
      expect(taken).toEqual([2]);
    });

    it('has a rejection that comes early wait for its turn', async () => {
      const receiver = create([slow]);
      const [first, second] = [held(1), held(2)];
      receiver.receive(first.record);
      receiver.receive(second.record);
      second.gate.reject(new Error('tampered'));
      await turns(3);
      expect(refused).toEqual([]);
      first.gate.resolve();
      await turns(3);
      expect(taken).toEqual([1]);
      expect(refused).toHaveLength(1);
    });

    it('keeps the order when the stage answers some records at once', async () => {
      const mixed: WireInterceptor = {
        name: 'mixed',
        encode: (bytes) => bytes,
        decode: (bytes) => (gates.has(bytes.toString('hex')) ? slow.decode(bytes, {} as never) : bytes),
      };
      const receiver = create([mixed]);
      const first = held(1);
      receiver.receive({ ...first.record, ...speak(requestEnvelope({ stages: 'mixed' }), cancel(1)) });
      receiver.receive(record(2, {}, 'mixed'));
      await turns(3);
      expect(taken).toEqual([]);
      first.gate.resolve();
      await turns(3);
      receiver.receive(record(3, {}, 'mixed'));
      expect(taken).toEqual([1, 2, 3]);
    });
  });
});
