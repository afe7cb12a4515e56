import { checkHeaders, checkTimeoutMs, keyBytes } from '../../../lib/client/kafka-rpc-record.js';
import { KafkaRpcRecord, KafkaRpcRecordBuilder } from 'nestjs-kafka-rpc';

describe('KafkaRpcRecordBuilder', () => {
  it('builds data with nothing said of the call', () => {
    const record = new KafkaRpcRecordBuilder({ a: 1 }).build();
    expect(record).toBeInstanceOf(KafkaRpcRecord);
    expect(record).toEqual({ data: { a: 1 }, options: {} });
  });

  it('builds data with all that was said', () => {
    const key = Buffer.from('k');
    const record = new KafkaRpcRecordBuilder('data')
      .setKey(key)
      .setTimeout(2_000)
      .setHeaders({ a: 'b' })
      .build();
    expect(record).toEqual({ data: 'data', options: { key, timeoutMs: 2_000, headers: { a: 'b' } } });
  });

  it('builds several records that know nothing of each other', () => {
    const builder = new KafkaRpcRecordBuilder(1).setTimeout(1);
    const first = builder.build();
    const second = builder.setTimeout(2).build();
    expect([first.options.timeoutMs, second.options.timeoutMs]).toEqual([1, 2]);
  });
});

describe('KafkaRpcRecordBuilder, as Nest’s own builders', () => {
  it('copies what it is given: a record that was built does not change', () => {
    const [key, headers] = [Buffer.from('k'), { a: '1' }];
    const builder = new KafkaRpcRecordBuilder('data').setKey(key).setHeaders(headers);
    const record = builder.build();
    key.fill(0);
    headers.a = '2';
    builder.setHeader('a', '3').setData('other');
    expect(record).toEqual({ data: 'data', options: { key: Buffer.from('k'), headers: { a: '1' } } });
  });

  it('merges headers, and takes them one by one', () => {
    const { options } = new KafkaRpcRecordBuilder(1)
      .setHeaders({ a: '1', b: '2' })
      .setHeaders({ b: '3' })
      .setHeader('c', '4')
      .build();
    expect(options.headers).toEqual({ a: '1', b: '3', c: '4' });
  });

  it.each([null, 'ab', [1]])('refuses headers that are no object at once: %j', (headers) => {
    const builder = new KafkaRpcRecordBuilder(1);
    expect(() => builder.setHeaders(headers as never)).toThrow(/headers/);
  });

  it('takes its data late, as one builder for many', () => {
    const builder = new KafkaRpcRecordBuilder<number>().setHeader('a', '1');
    expect([1, 2].map((data) => builder.setData(data).build().data)).toEqual([1, 2]);
  });

  it.each<[string, (builder: KafkaRpcRecordBuilder) => unknown]>([
    ['timeoutMs', (builder) => builder.setTimeout(0)],
    ['timeoutMs', (builder) => builder.setTimeout(2 ** 31)],
    ['timeoutMs', (builder) => builder.setTimeout(NaN)],
    ['headers', (builder) => builder.setHeader('a', 1 as never)],
    ['key', (builder) => builder.setKey(7 as never)],
  ])('refuses a bad %s when it is built', (option, set) => {
    const builder = new KafkaRpcRecordBuilder(1);
    set(builder);
    expect(() => builder.build()).toThrow(`Option "${option}"`);
  });
});

describe('what is said of a call', () => {
  it('may have a key that is a string or a Buffer', () => {
    expect(keyBytes(undefined)).toBeNull();
    expect(keyBytes('é')).toEqual(Buffer.from([0xc3, 0xa9]));
    expect(keyBytes('')).toEqual(Buffer.alloc(0));
    const key = Buffer.from([1]);
    expect(keyBytes(key)).toBe(key);
    for (const wrong of [7, {}, null, new Uint8Array(2)]) {
      expect(() => keyBytes(wrong as never)).toThrow('Option "key"');
    }
  });

  it('may have headers that are strings', () => {
    expect(checkHeaders({ a: 'b' })).toEqual({ a: 'b' });
    for (const wrong of [null, 7, 'a', ['a'], { a: 1 }, { a: undefined }]) {
      expect(() => checkHeaders(wrong)).toThrow('Option "headers"');
    }
  });

  it('may have a time-out of whole milliseconds that a timer can wait for', () => {
    expect(checkTimeoutMs(1)).toBe(1);
    expect(checkTimeoutMs(2 ** 31 - 1)).toBe(2 ** 31 - 1);
    for (const wrong of [0, -1, 0.5, 2 ** 31, NaN, '5', null]) {
      expect(() => checkTimeoutMs(wrong)).toThrow('Option "timeoutMs"');
    }
  });
});
