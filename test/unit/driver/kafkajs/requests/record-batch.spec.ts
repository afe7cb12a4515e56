import { crc32 } from 'node:zlib';
import KafkajsDecoder from 'kafkajs/src/protocol/decoder.js';
import decodeKafkajsBatch from 'kafkajs/src/protocol/recordBatch/v0/decoder.js';
import crc32c from 'kafkajs/src/protocol/recordBatch/crc32C/index.js';
import { maxBatchBytes, writeBatch } from '../../../../../lib/driver/kafkajs/requests/record-batch.js';
import { readBatches } from '../../../../../lib/driver/kafkajs/requests/record-batches.js';
import { RequestWriter } from '../../../../../lib/driver/kafkajs/requests/request-writer.js';
import { ResponseReader } from '../../../../../lib/driver/kafkajs/requests/response-reader.js';
import type { ProducerRecord } from '../../../../../lib/driver/record.js';
import { seededRandom } from '../../../../support/seeded-random.js';

const NOW_MS = 1_700_000_000_123;
const PLACE = { topic: 'orders', partition: 3 };

const batchOf = (...records: Partial<ProducerRecord>[]): Buffer => {
  const whole = records.map((record): ProducerRecord => ({ ...PLACE, value: null, ...record }));
  const writer = new RequestWriter(maxBatchBytes(whole));
  writeBatch(writer, whole, NOW_MS);
  return writer.written();
};

/** As the broker does when it appends: gives the batch its offset, and its own time if the topic says so. */
const appended = (batch: Buffer, baseOffset: bigint, appendTimeMs?: number): Buffer => {
  const stored = Buffer.from(batch);
  stored.writeBigInt64BE(baseOffset);
  if (appendTimeMs === undefined) return stored;
  stored.writeInt16BE(stored.readInt16BE(21) | 0x08, 21);
  stored.writeBigInt64BE(BigInt(appendTimeMs), 35);
  return summed(stored);
};

/** With its checksum made anew. */
const summed = (batch: Buffer): Buffer => {
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
};

/** A batch that stands in the format before Kafka 0.11, whose checksum is another. */
const old = (batch: Buffer): Buffer => {
  batch.writeInt8(1, 16);
  batch.writeUInt32BE(crc32(batch.subarray(16)), 12);
  return batch;
};

const read = (bytes: Buffer, from = 0n) => readBatches(new ResponseReader(bytes), PLACE, from);

const offsets = (bytes: Buffer, from?: bigint): readonly bigint[] =>
  read(bytes, from).records.map(({ offset }) => offset);

describe('a record batch', () => {
  it('comes back as it went: keys, values, headers that repeat, nothing and empty', () => {
    const batch = batchOf(
      { key: Buffer.from('k'), value: Buffer.from('v'), headers: { a: Buffer.from('1') } },
      { key: null, value: null },
      { key: Buffer.alloc(0), value: Buffer.alloc(0), headers: { 'ä€😀': Buffer.alloc(0) } },
      { value: Buffer.alloc(70_000, 7), headers: { many: [Buffer.from('x'), Buffer.from('y')] } },
    );
    const { records, next } = read(appended(batch, 40n));
    expect(next).toBe(44n);
    expect(records.map(({ headers, ...rest }) => ({ ...rest, headers: { ...headers } }))).toEqual([
      {
        ...PLACE,
        offset: 40n,
        timestampMs: NOW_MS,
        key: Buffer.from('k'),
        value: Buffer.from('v'),
        headers: { a: Buffer.from('1') },
      },
      { ...PLACE, offset: 41n, timestampMs: NOW_MS, key: null, value: null, headers: {} },
      {
        ...PLACE,
        offset: 42n,
        timestampMs: NOW_MS,
        key: Buffer.alloc(0),
        value: Buffer.alloc(0),
        headers: { 'ä€😀': Buffer.alloc(0) },
      },
      {
        ...PLACE,
        offset: 43n,
        timestampMs: NOW_MS,
        key: null,
        value: Buffer.alloc(70_000, 7),
        headers: { many: [Buffer.from('x'), Buffer.from('y')] },
      },
    ]);
  });

  it('is what kafkajs reads too: 200 random ones, with a right checksum', async () => {
    const random = seededRandom(5);
    for (let run = 0; run < 200; run++) {
      const records = Array.from({ length: 1 + random.integer(30) }, () => ({
        key: random.integer(2) === 0 ? null : Buffer.alloc(random.integer(200), 1),
        value: Buffer.alloc(random.integer(300), 2),
        headers: { rpc: Buffer.alloc(random.integer(90), 3) },
      }));
      const batch = batchOf(...records);
      expect(batch.readUInt32BE(17)).toBe(crc32c(batch.subarray(21)));
      const theirs = await decodeKafkajsBatch(new KafkajsDecoder(batch));
      const plain = theirs.records.map(({ key, value, headers }) => ({ key, value, headers }));
      expect(plain).toEqual(records);
    }
  });

  it('has the broker’s time where the topic says so', () => {
    const { records } = read(appended(batchOf({}), 0n, 1_800_000_000_000));
    expect(records[0]!.timestampMs).toBe(1_800_000_000_000);
  });

  it('is read from the place that was asked for, in its middle too', () => {
    const log = Buffer.concat([appended(batchOf({}, {}, {}), 10n), appended(batchOf({}, {}), 13n)]);
    expect(offsets(log, 12n)).toEqual([12n, 13n, 14n]);
    expect(read(log, 12n).next).toBe(15n);
  });

  it('behind a gap is left for the next fetch, which starts with it and says so', () => {
    const log = Buffer.concat([appended(batchOf({}), 10n), appended(batchOf({}), 13n)]);
    expect(read(log, 10n)).toMatchObject({ start: 10n, next: 11n });
    expect(read(log.subarray(log.length / 2), 11n)).toMatchObject({ start: 13n, next: 14n });
  });

  it('that was cut off is left for the next fetch', () => {
    const log = Buffer.concat([appended(batchOf({}), 0n), appended(batchOf({}), 1n)]);
    for (const missing of [1, 30, 60]) {
      const cut = read(log.subarray(0, log.length - missing));
      expect([cut.records.length, cut.next]).toEqual([1, 1n]);
    }
  });

  it('of a transaction’s marker brings no record, and moves the place', () => {
    const marker = appended(batchOf({}), 5n);
    marker.writeInt16BE(0x20, 21);
    expect(read(summed(marker), 5n)).toMatchObject({ records: [], leaderEpoch: -1, next: 6n });
  });

  it.each<[string, (batch: Buffer) => void]>([
    ['compressed', (batch) => void (batch.writeInt16BE(1, 21), summed(batch))],
    ['without records where it says it has some', (batch) => void (batch.writeInt32BE(9, 57), summed(batch))],
  ])('that is %s comes as one record without a value, and the partition goes on', (_what, change) => {
    const strange = appended(batchOf({}), 5n);
    change(strange);
    const log = Buffer.concat([strange, appended(batchOf({ value: Buffer.from('good') }), 6n)]);
    const { records, next } = read(log, 5n);
    expect(records.map(({ offset, value }) => [offset, value])).toEqual([
      [5n, null],
      [6n, Buffer.from('good')],
    ]);
    expect(next).toBe(7n);
  });

  it('of a format older than Kafka 0.11 comes as one record without a value', () => {
    expect(read(old(appended(batchOf({}), 5n)), 5n)).toMatchObject({ records: [{ value: null }], next: 6n });
  });

  it.each<[string, string, (batch: Buffer) => Buffer]>([
    ['another byte in its value', 'has a wrong checksum', (batch) => batch.fill(1, 66)],
    [
      'another byte, and is compressed',
      'has a wrong checksum',
      (batch) => {
        batch.writeInt16BE(1, 21);
        return summed(batch).fill(1, 66);
      },
    ],
    ['another byte, and is old', 'has a wrong checksum', (batch) => old(batch).fill(1, 66)],
    ['an unknown format', 'has a wrong checksum', (batch) => batch.fill(3, 16, 17)],
    ['a length below its own', 'has a wrong length, or is cut off', (batch) => batch.fill(0, 8, 12)],
    ['a length below zero', 'has a wrong length, or is cut off', (batch) => batch.fill(255, 8, 12)],
    ['a length beyond all', 'has a wrong length, or is cut off', (batch) => batch.fill(127, 8, 12)],
    ['offsets before what was asked for', 'has wrong offsets', (batch) => batch.fill(0, 0, 8)],
  ])('with %s brings nothing, and does not move the place', (_what, damage, change) => {
    const damaged = change(appended(batchOf({ value: Buffer.from('value') }), 5n));
    const nothing = { records: [], start: 5n, next: 5n };
    expect(read(damaged, 5n)).toMatchObject({ ...nothing, damage });
    const behind = Buffer.concat([appended(batchOf({}), 4n), damaged]);
    expect(read(behind, 4n)).toMatchObject({ next: 5n, damage: undefined });
  });
});
