import { setTimeout as sleep } from 'node:timers/promises';
import type { DriverEvent } from '../../../../lib/driver/driver.js';
import type { ClusterLink } from '../../../../lib/driver/kafkajs/cluster-link.js';
import { Fetcher } from '../../../../lib/driver/kafkajs/fetcher.js';
import { PartitionCursor } from '../../../../lib/driver/kafkajs/partition-cursor.js';
import type { ProtocolRequest } from '../../../../lib/driver/kafkajs/requests/protocol-request.js';
import { maxBatchBytes, writeBatch } from '../../../../lib/driver/kafkajs/requests/record-batch.js';
import { RequestWriter } from '../../../../lib/driver/kafkajs/requests/request-writer.js';
import { ResponseReader } from '../../../../lib/driver/kafkajs/requests/response-reader.js';
import { until } from '../../../support/until.js';

const TOPIC = 'orders';
const BATCHES = 3;
const RECORDS = 2;
const PARKED_MS = 5;

/** The batch that starts at this offset, with its records telling theirs. */
const batchAt = (baseOffset: number): Buffer => {
  const records = Array.from({ length: RECORDS }, (_, i) => ({
    topic: TOPIC,
    partition: 0,
    value: Buffer.from(`${baseOffset + i}`),
  }));
  const writer = new RequestWriter(maxBatchBytes(records));
  writeBatch(writer, records, 0);
  const batch = writer.written();
  batch.writeBigInt64BE(BigInt(baseOffset));
  batch.writeInt32BE(5, 12); // the leader's epoch
  return batch;
};

/** Two partitions of three batches each, and a broker that answers fetches from them, through a wire that may change bytes. */
class PlayedWire {
  fetches = 0;
  /** Changes the bytes of an answer; called for each. */
  damage: (answer: Buffer, fetch: number) => void = () => undefined;
  /** Changes the bytes of a batch that is read from the disk. */
  rot: (batch: Buffer, partition: number, baseOffset: number) => void = () => undefined;

  asLink(): ClusterLink {
    return {
      onTopicChange: () => undefined,
      leaderOf: () => 1,
      topic: () => ({}),
      refresh: () => Promise.resolve(),
      recover: () => Promise.resolve(),
      denied: () => undefined,
      send: (_nodeId: number, request: ProtocolRequest<unknown>) => this.send(request),
    } as unknown as ClusterLink;
  }

  private async send<T>(request: ProtocolRequest<T>): Promise<T> {
    await new Promise((resolve) => setImmediate(resolve));
    const places = placesOf(request);
    const { answer, isEmpty } = answerTo(places, this.rot);
    if (isEmpty) await sleep(PARKED_MS);
    this.damage(answer, this.fetches++);
    return request.read(new ResponseReader(answer)).value;
  }
}

const placesOf = ({ maxBytes, write }: ProtocolRequest<unknown>): [number, number][] => {
  const writer = new RequestWriter(maxBytes);
  write(writer);
  const reader = new ResponseReader(writer.written());
  reader.skip(21); // one topic
  reader.string();
  return Array.from({ length: reader.int32() }, () => {
    const place: [number, number] = [reader.int32(), Number(reader.int64())];
    reader.skip(4);
    return place;
  });
};

const answerTo = (
  places: readonly (readonly [number, number])[],
  rot: PlayedWire['rot'] = () => undefined,
): { readonly answer: Buffer; readonly isEmpty: boolean } => {
  const writer = new RequestWriter(10_000);
  writer.int32(0);
  writer.int32(1);
  writer.string(TOPIC);
  writer.int32(places.length);
  let bytes = 0;
  for (const [partition, from] of places) {
    writer.int32(partition);
    writer.int16(0);
    writer.int64(BigInt(BATCHES * RECORDS));
    writer.int64(BigInt(BATCHES * RECORDS));
    writer.int32(-1);
    const all = Array.from({ length: BATCHES }, (_, i) => i * RECORDS).filter(
      (base) => base + RECORDS > from,
    );
    const stored = all.map((baseOffset) => {
      const batch = batchAt(baseOffset);
      rot(batch, partition, baseOffset);
      return batch;
    });
    const batches = Buffer.concat(stored);
    bytes += batches.length;
    writer.int32(batches.length);
    writer.bytes(batches);
  }
  return { answer: writer.written(), isEmpty: bytes === 0 };
};

const readBoth = (wire: PlayedWire) => {
  const closing = new AbortController();
  const events: [string, DriverEvent][] = [];
  const seen: string[][] = [[], []];
  const fetcher = new Fetcher(wire.asLink(), {
    maxWaitMs: 1,
    maxFetchBytes: 10_000,
    closing: closing.signal,
    report: (source, event) =>
      event.type !== 'connected' || source !== 'reading' ? events.push([source, event]) : 0,
    whyGone: () => new Error('gone'),
  });
  for (const partition of [0, 1]) {
    const cursor = new PartitionCursor({ topic: TOPIC, partition }, 0n, {
      onRecords: (records) =>
        seen[partition]!.push(...records.map(({ offset, value }) => `${offset}:${String(value)}`)),
      isReading: () => true,
      isOwner: () => true,
    });
    // As when it has read before.
    cursor.leaderEpoch = 5;
    fetcher.add(cursor);
  }
  return { events, seen, close: () => closing.abort() };
};

const ALL = Array.from({ length: BATCHES * RECORDS }, (_, i) => `${i}:${i}`);

const allAreRead = (seen: readonly string[][]): boolean => seen.every((each) => each.length >= ALL.length);

describe('a bit that turns on the wire', () => {
  const { answer: whole } = answerTo([
    [0, 0],
    [1, 0],
  ]);
  const bits = whole.length * 8;

  it(`neither loses nor changes a record, whichever of the ${bits} bits of an answer it is`, async () => {
    const wrong: [number, readonly string[][]][] = [];
    const readWithout = async (bit: number): Promise<void> => {
      const wire = new PlayedWire();
      wire.damage = (answer, fetch) => {
        if (fetch === 0) answer[bit >>> 3]! ^= 1 << (bit & 7);
      };
      const { seen, close } = readBoth(wire);
      await until(() => allAreRead(seen)).catch(() => undefined);
      close();
      if (seen.some((each) => each.join() !== ALL.join())) wrong.push([bit, seen]);
    };
    for (let from = 0; from < bits; from += 2_000) {
      await Promise.all(
        Array.from({ length: Math.min(2_000, bits - from) }, (_, i) => readWithout(from + i)),
      );
    }
    expect(wrong).toEqual([]);
  });

  it('on the disk holds its own partition up, with its name and offset, until it can be read; the other is read', async () => {
    const wire = new PlayedWire();
    let isDamaged = true;
    wire.rot = (batch, partition, baseOffset) => {
      if (isDamaged && partition === 0 && baseOffset === 2) batch[batch.length - 3]! ^= 1;
    };
    const { seen, events, close } = readBoth(wire);
    await until(() => events.length > 0);
    expect([seen[0], seen[1]]).toEqual([ALL.slice(0, RECORDS), ALL]);
    expect(events[0]).toMatchObject([
      'batches of orders[0]',
      { type: 'crashed', error: { status: 'DATA_LOSS', retryable: true } },
    ]);
    expect((events[0]![1] as { error: Error }).error.message).toMatch(
      /^Could not read orders\[0\] at offset 2: the batch has a wrong checksum, each time/,
    );
    isDamaged = false;
    await until(() => allAreRead(seen));
    await until(() => events.at(-1)![1].type === 'connected');
    close();
    expect([seen[0], events.length]).toEqual([ALL, 2]);
  });
});
