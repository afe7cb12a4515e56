import { ByteReader } from '../../../lib/protocol/byte-reader.js';
import { ByteWriter } from '../../../lib/protocol/byte-writer.js';

const written = (write: (writer: ByteWriter) => void): string => {
  const writer = new ByteWriter();
  write(writer);
  return writer.finish().toString('hex');
};

describe('ByteWriter', () => {
  it.each<[string, (writer: ByteWriter) => void, string]>([
    ['uint8', (writer) => writer.uint8(0xff), 'ff'],
    ['uint16', (writer) => writer.uint16(0x0102), '0102'],
    ['uint32', (writer) => writer.uint32(0xfffefdfc), 'fffefdfc'],
    ['uint48', (writer) => writer.uint48(0x0102_0304_0506), '010203040506'],
    ['the largest uint48', (writer) => writer.uint48(2 ** 48 - 1), 'ffffffffffff'],
    ['float64', (writer) => writer.float64(1.5), '3ff8000000000000'],
    ['bytes', (writer) => writer.bytes(Uint8Array.of(1, 2)), '0102'],
    ['string16', (writer) => writer.string16('é€'), '0005c3a9e282ac'],
    ['bytes32', (writer) => writer.bytes32(Buffer.from('ab')), '000000026162'],
  ])('writes %s, the most significant byte first', (_type, write, hex) => {
    expect(written(write)).toBe(hex);
  });

  it.each<[string, (writer: ByteWriter) => void]>([
    ['uint16', (writer) => writer.uint16(0x1_0000)],
    ['uint16', (writer) => writer.uint16(-1)],
    ['uint16', (writer) => writer.patchUint16(70_000, 0)],
    ['uint32', (writer) => writer.uint32(2 ** 32)],
    ['uint32', (writer) => writer.uint32(-1)],
    ['uint32', (writer) => writer.uint32(NaN)],
    ['uint16', (writer) => writer.uint48(2 ** 48)],
  ])('refuses a number that a %s does not hold', (type, write) => {
    expect(() => written(write)).toThrow(RangeError);
    expect(() => written(write)).toThrow(`A ${type} on the wire does not hold`);
  });

  it('grows to any size, and keeps what was written', () => {
    const writer = new ByteWriter();
    for (let i = 0; i < 10_000; i++) writer.uint32(i);
    writer.bytes(Buffer.alloc(100_000, 7));
    const bytes = writer.finish();
    expect(bytes.length).toBe(140_000);
    expect([bytes.readUInt32BE(0), bytes.readUInt32BE(39_996), bytes[139_999]]).toEqual([0, 9_999, 7]);
  });

  it('takes a string of 65,535 bytes, and refuses a longer one with INVALID_ARGUMENT and its size', () => {
    expect(written((writer) => writer.string16('x'.repeat(65_535)))).toHaveLength(2 * 65_537);
    const tooLong = (): string => written((writer) => writer.string16('€'.repeat(21_846)));
    expect(tooLong).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT' }));
    expect(tooLong).toThrow('has 65538');
  });

  it('writes a string again as it wrote it, also when the buffer has grown or its end was forgotten', () => {
    const writer = new ByteWriter(8);
    for (const string of ['é', 'é', 'sum.add', 'sum.add', '', '', 'é']) writer.string16(string);
    const kept = writer.length;
    writer.string16('gone');
    writer.truncate(kept);
    writer.uint32(0xffffffff);
    writer.string16('gone');
    expect(writer.finish().toString('hex')).toBe(
      '0002c3a9'.repeat(2) +
        '000773756d2e616464'.repeat(2) +
        '0000'.repeat(2) +
        '0002c3a9' +
        'ffffffff' +
        '0004676f6e65',
    );
  });

  it('writes over what it wrote, and forgets its end', () => {
    const writer = new ByteWriter();
    writer.uint32(0);
    writer.uint16(1);
    writer.patchUint32(9, 0);
    writer.truncate(4);
    expect(writer.length).toBe(4);
    writer.uint8(2);
    expect(writer.finish().toString('hex')).toBe('0000000902');
  });
});

describe('ByteReader', () => {
  const reads: readonly [string, number, (reader: ByteReader) => unknown][] = [
    ['uint8', 1, (reader) => reader.uint8()],
    ['uint16', 2, (reader) => reader.uint16()],
    ['uint32', 4, (reader) => reader.uint32()],
    ['uint48', 6, (reader) => reader.uint48()],
    ['float64', 8, (reader) => reader.float64()],
    ['bytes', 5, (reader) => reader.bytes(5)],
    ['string16', 5, (reader) => reader.string16()],
    ['bytes32', 7, (reader) => reader.bytes32()],
  ];
  const contentOf = (type: string, length: number): Buffer => {
    if (type === 'string16') return Buffer.from('0003616263', 'hex');
    if (type === 'bytes32') return Buffer.from('00000003616263', 'hex');
    return Buffer.alloc(length, 1);
  };

  it.each(reads)('reads %s to its last byte and not further: %i bytes', (type, length, read) => {
    const content = contentOf(type, length);
    const reader = new ByteReader(Buffer.concat([content, Buffer.from([9])]));
    read(reader);
    expect(reader.remaining).toBe(1);
    expect(() => reader.end('part')).toThrow('part has 1 bytes too many');
    reader.uint8();
    reader.end('part');
    for (let short = 0; short < length; short++) {
      const tooShort = (): unknown => read(new ByteReader(content.subarray(0, short)));
      expect(tooShort).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT' }));
      expect(tooShort).toThrow('Malformed record');
    }
  });

  it('reads strings one after the other, the same and others of its length', () => {
    const strings = ['abc', 'abc', 'abd', 'abc', '', '', 'ab', 'abc'];
    const writer = new ByteWriter();
    for (const string of strings) writer.string16(string);
    const reader = new ByteReader(writer.finish());
    expect(strings.map(() => reader.string16())).toEqual(strings);
  });

  it('takes nothing for a length that is a lie, however large', () => {
    const reader = new ByteReader(Buffer.from('ffffffff00', 'hex'));
    expect(() => reader.bytes32()).toThrow('4294967295 bytes were announced where 1 are left');
  });

  it('gives the rest, which may be nothing, as a view', () => {
    const bytes = Buffer.from('0102', 'hex');
    const reader = new ByteReader(bytes);
    expect(reader.rest()).toEqual(bytes);
    expect(reader.rest()).toHaveLength(0);
    bytes[0] = 7;
    expect(new ByteReader(bytes).rest()[0]).toBe(7);
  });

  it('reads bytes that are no UTF-8 as replacement characters', () => {
    expect(new ByteReader(Buffer.from('0002c328', 'hex')).string16()).toBe('\uFFFD(');
  });
});
