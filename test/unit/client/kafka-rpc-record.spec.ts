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
