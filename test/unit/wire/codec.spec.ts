import type { ConsumerRecord } from '../../../lib/driver/record.js';
import { encodeEnvelope, type StagedEnvelope } from '../../../lib/protocol/envelope.js';
import { Codec } from '../../../lib/wire/codec.js';
import { json } from '../../../lib/wire/serializers/json.js';
import type { WireContext, WireInterceptor } from '../../../lib/wire/wire-interceptor.js';
import { requestEnvelope } from '../../support/incoming-calls.js';
import { consumed } from '../../support/raw-records.js';

/** Puts its name before the bytes, and takes it off again. */
const tagging = (name: string, seen: WireContext[] = []): WireInterceptor => ({
  name,
  encode: (bytes, context) => {
    seen.push(context);
    return Buffer.concat([Buffer.from(name), bytes]);
  },
  decode: (bytes, context) => {
    seen.push(context);
    if (!bytes.toString().startsWith(name)) throw new Error(`not mine: ${bytes.toString()}`);
    return bytes.subarray(name.length);
  },
});

const later = (stage: WireInterceptor): WireInterceptor => ({
  name: stage.name,
  encode: async (bytes, context) => stage.encode(bytes, context),
  decode: async (bytes, context) => stage.decode(bytes, context),
});

const target = (stages = ''): Omit<WireContext, 'headers'> => ({
  direction: 'request',
  topic: 'rpc.sum.requests',
  partition: 0,
  envelope: encodeEnvelope(requestEnvelope({ stages })),
});

const FRAMES = Buffer.from('frames');

const received = (parts: Partial<ConsumerRecord>): ConsumerRecord => consumed({ value: FRAMES, ...parts });

const staged = (codec: Codec, record: ConsumerRecord): StagedEnvelope =>
  codec.readEnvelope(record) as StagedEnvelope;

describe('Codec', () => {
  it('without stages passes the frame list on as it is, with the envelope as a header', () => {
    const encoded = new Codec(json()).encode(FRAMES, target());
    expect(encoded).toEqual({ value: FRAMES, headers: { rpc: target().envelope } });
    expect((encoded as { value: Buffer }).value).toBe(FRAMES);
  });

  it('encodes in the order of the array and decodes in reverse', () => {
    const codec = new Codec(json(), [tagging('a'), tagging('b'), tagging('c')]);
    expect(codec.stages).toBe('a+b+c');
    const record = codec.encode(FRAMES, target('a+b+c')) as {
      value: Buffer;
      headers: Record<string, Buffer>;
    };
    expect(record.value.toString()).toBe('cbaframes');
    const envelope = staged(codec, received(record));
    expect((codec.decode(received(record), envelope) as Buffer).toString()).toBe('frames');
  });

  it('of synchronous stages never gives a promise', () => {
    const codec = new Codec(json(), [tagging('a'), tagging('b')]);
    const record = codec.encode(FRAMES, target('a+b')) as { value: Buffer; headers: Record<string, Buffer> };
    expect(record).not.toBeInstanceOf(Promise);
    expect(codec.decode(received(record), staged(codec, received(record)))).not.toBeInstanceOf(Promise);
  });

  it.each([
    ['first', [later(tagging('a')), tagging('b')]],
    ['last', [tagging('a'), later(tagging('b'))]],
    ['every', [later(tagging('a')), later(tagging('b'))]],
  ])('waits for a stage that is asynchronous: the %s', async (_which, stages) => {
    const codec = new Codec(json(), stages);
    const record = await codec.encode(FRAMES, target('a+b'));
    expect(record.value.toString()).toBe('baframes');
    const envelope = staged(codec, received(record));
    expect((await codec.decode(received(record), envelope)).toString()).toBe('frames');
  });

  it.each([
    ['text', 'a text'],
    ['nothing', null],
    ['several', [Buffer.from('a')]],
  ])('fails a record whose stage gives a header that is no Buffer, and names it: %s', async (_, value) => {
    for (const isAsync of [false, true]) {
      const stage: WireInterceptor = {
        name: 'odd',
        encode: (bytes, { headers }) => {
          Reflect.set(headers, 'key', value);
          return isAsync ? Promise.resolve(bytes) : bytes;
        },
        decode: (bytes) => bytes,
      };
      const codec = new Codec(json(), [stage]);
      const encode = async (): Promise<unknown> => codec.encode(FRAMES, target('odd'));
      await expect(encode()).rejects.toMatchObject({
        status: 'INTERNAL',
        message: 'The stages [odd] gave the header "key" as something else than a Buffer.',
      });
    }
  });

  it('takes a Uint8Array as a header for the bytes that it is', () => {
    const stage: WireInterceptor = {
      name: 'odd',
      encode: (bytes, { headers }) => {
        Reflect.set(headers, 'key', new Uint8Array([1, 2]));
        return bytes;
      },
      decode: (bytes) => bytes,
    };
    const { headers } = new Codec(json(), [stage]).encode(FRAMES, target('odd')) as {
      headers: Record<string, Buffer>;
    };
    expect(headers['key']).toEqual(Buffer.from([1, 2]));
  });

  it('tells the stages where the record belongs, and has them share headers', () => {
    const seen: WireContext[] = [];
    const codec = new Codec(json(), [
      {
        ...tagging('a', seen),
        encode: (bytes, context) => ((context.headers['key'] = Buffer.from('k1')), bytes),
      },
      tagging('b', seen),
    ]);
    const { headers } = codec.encode(FRAMES, target('a+b')) as { headers: Record<string, Buffer> };
    expect(headers).toEqual({ rpc: target('a+b').envelope, key: Buffer.from('k1') });
    expect(seen[0]).toMatchObject({ ...target('a+b'), headers: { key: Buffer.from('k1') } });
  });

  it('gives stages the headers that stand once, while decoding', () => {
    const seen: WireContext[] = [];
    const codec = new Codec(json(), [tagging('a', seen)]);
    const { envelope } = target('a');
    const headers = { rpc: envelope, key: Buffer.from('k1'), twice: [Buffer.from('1'), Buffer.from('2')] };
    const record = received({ value: Buffer.from('aframes'), headers, partition: 3 });
    void codec.decode(record, staged(codec, record));
    expect(seen[0]).toMatchObject({ topic: 'rpc.sum.requests', partition: 3, envelope });
    expect({ ...seen[0]!.headers }).toEqual({ rpc: envelope, key: Buffer.from('k1') });
  });

  it.each([
    ['', 'a', '[], this side'],
    ['b+a', 'a+b', '[b+a], this side'],
    ['a', '', '[a], this side'],
  ])('refuses a sender with other stages, naming both: "%s" for "%s"', (theirs, ours, text) => {
    const stages = ours === '' ? [] : ours.split('+').map((name) => tagging(name));
    const codec = new Codec(json(), stages);
    const record = received({ headers: { rpc: target(theirs).envelope } });
    const decode = (): unknown => codec.decode(record, staged(codec, record));
    expect(decode).toThrow(expect.objectContaining({ status: 'FAILED_PRECONDITION' }));
    expect(decode).toThrow(text);
    expect(decode).toThrow(`[${ours}]`);
  });

  it.each<[string, Partial<ConsumerRecord>, string]>([
    ['no envelope', { headers: {} }, 'has no "rpc" header'],
    [
      'two envelopes',
      { headers: { rpc: [Buffer.alloc(0), Buffer.alloc(0)] } },
      'has more than one "rpc" header',
    ],
  ])('refuses a record with %s', (_what, parts, text) => {
    const read = (): unknown => new Codec(json()).readEnvelope(received(parts));
    expect(read).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT' }));
    expect(read).toThrow(text);
  });

  it('refuses a record without a value', () => {
    const codec = new Codec(json());
    const record = received({ value: null, headers: { rpc: target().envelope } });
    expect(() => codec.decode(record, staged(codec, record))).toThrow('The record has no value.');
  });

  it('throws what a stage throws, and rejects with what it rejects with, with its name and without its words', async () => {
    const broken = { ...tagging('a'), decode: () => Promise.reject(new Error('tampered')) };
    const record = received({ headers: { rpc: target('a').envelope } });
    const sync = new Codec(json(), [tagging('a')]);
    expect(() => sync.decode(record, staged(sync, record))).toThrow('The stage "a" refused the record.');
    const codec = new Codec(json(), [broken]);
    await expect(codec.decode(record, staged(codec, record))).rejects.toMatchObject({
      message: 'The stage "a" refused the record.',
      cause: { reason: 'stage', stage: 'a', thrown: new Error('tampered') },
    });
  });

  it('opens its stages one after the other', async () => {
    const log: string[] = [];
    const opening = (name: string): WireInterceptor => ({
      ...tagging(name),
      open: async () => {
        log.push(`${name} opens`);
        await null;
        log.push(`${name} is open`);
      },
    });
    await new Codec(json(), [opening('a'), tagging('b'), opening('c')]).open();
    expect(log).toEqual(['a opens', 'a is open', 'c opens', 'c is open']);
  });
});
