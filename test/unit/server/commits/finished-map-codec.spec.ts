import { CallMarks } from '../../../../lib/server/commits/call-marks.js';
import { decodeFinishedMap } from '../../../../lib/server/commits/finished-map-decoder.js';
import { encodeFinishedMap } from '../../../../lib/server/commits/finished-map-encoder.js';
import { checksumOf, type MapPlace } from '../../../../lib/server/commits/metadata-sections.js';
import { FinishedMap, type FinishedRun } from '../../../../lib/server/commits/finished-map.js';
import { seededRandom, type SeededRandom } from '../../../support/seeded-random.js';

const PLACE: MapPlace = { topic: 'rpc.sum.requests', partition: 3, offset: 1_000n };
const ROOM = 4_096;

const marksOf = (...indices: number[]): CallMarks => {
  const marks = new CallMarks();
  for (const index of indices) marks.add(index);
  return marks;
};

/** What a map says, as one string: comparing many maps piece by piece takes Jest half a minute. */
const told = ({ runs, partial, latestMs, anchor }: FinishedMap): string =>
  [
    ...runs.map(({ from, to }) => `${from}-${to}`),
    ...[...partial].map(([offset, marks]) => `${offset}: ${marks.runs().join()}`),
    `up to ${latestMs}, from ${anchor?.offset} of ${anchor?.timestampMs}`,
  ].join('\n');

const encode = (map: FinishedMap, room = ROOM) => encodeFinishedMap(map, PLACE, room);

const ONE = new FinishedMap({
  runs: [{ from: 1_001n, to: 1_901n }],
  partial: new Map([[1_950n, marksOf(0, 1, 2, 5)]]),
  latestMs: 1_764_311_500_000,
  anchor: { offset: 1_000n, timestampMs: 1_764_311_400_000 },
});

describe('the finished map in the metadata of a commit', () => {
  it('has the bytes that docs/protocol.md shows', () => {
    expect(encode(ONE)).toEqual({ metadata: 'f1.Ghbe7gGaySkE4NQ1AEwAYeGGdWs', neededLength: 30 });
  });

  it('comes back as it went, in 300 random shapes', () => {
    const random = seededRandom(15);
    for (let run = 0; run < 300; run++) {
      const map = randomMap(random);
      const { metadata, neededLength } = encode(map, 1_000_000);
      expect(metadata.length).toBe(neededLength);
      const { map: decoded } = decodeFinishedMap(metadata, PLACE);
      expect(told(decoded!)).toBe(told(map));
    }
  });

  it('says as much as fits, from the commit on, and how long all of it would be', () => {
    const runs = Array.from({ length: 20_000 }, (_, i) => runAt(1_001n + BigInt(i * 3), 1n + BigInt(i % 2)));
    const map = new FinishedMap({ runs, partial: new Map(), latestMs: 9, anchor: undefined });
    for (const room of [64, 333, 4_096]) {
      const { metadata, neededLength } = encode(map, room);
      expect(metadata.length).toBeLessThanOrEqual(room);
      expect(metadata.length).toBeGreaterThan(room - 4);
      expect(neededLength).toBeGreaterThan(5_000);
      const { map: decoded } = decodeFinishedMap(metadata, PLACE);
      expect(decoded!.runs).toEqual(runs.slice(0, decoded!.runs.length));
    }
  });

  it.each([0, 1, 3, 8, 20])('is empty when there is no room for anything: %i characters', (room) => {
    expect(encode(ONE, room).metadata).toBe('');
  });

  it('is a few bytes for a run of any length, as behind one open stream', () => {
    const map = new FinishedMap({
      runs: [{ from: 1_001n, to: 5_000_001_001n }],
      partial: new Map(),
      latestMs: 1_764_311_500_000,
      anchor: { offset: 1_000n, timestampMs: 1_764_300_000_000 },
    });
    const { metadata } = encode(map);
    expect(metadata.length).toBeLessThan(50);
    expect(told(decodeFinishedMap(metadata, PLACE).map!)).toBe(told(map));
  });

  it('says nothing when there is no metadata', () => {
    expect(decodeFinishedMap('', PLACE)).toEqual({});
  });

  it.each([
    ['a later version', `f2.${'A'.repeat(40)}`, /another version/],
    ['the text of another tool', 'committed by somebody', /another tool/],
    ['nothing behind its version', 'f1.', /damaged/],
    ['too little', 'f1.AAAAAA', /damaged/],
    ['what is no base64', 'f1.$$$$$$$$$$$', /damaged/],
  ])('is ignored, with a reason, when it is %s', (_what, metadata, problem) => {
    const decoded = decodeFinishedMap(metadata, PLACE);
    expect(decoded.map).toBeUndefined();
    expect(decoded.problem).toMatch(problem);
  });

  it('is ignored when any bit of it is another', () => {
    const bytes = Buffer.from(encode(ONE).metadata.slice(3), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >>> 3] = damaged[bit >>> 3]! ^ (1 << (bit & 7));
      expect(decodeFinishedMap(`f1.${damaged.toString('base64url')}`, PLACE).problem).toMatch(/damaged/);
    }
  });

  it.each<[string, MapPlace]>([
    ['another offset', { ...PLACE, offset: 1_001n }],
    ['another partition', { ...PLACE, partition: 4 }],
    ['another topic', { ...PLACE, topic: 'mirror.rpc.sum.requests' }],
  ])('is ignored at %s, as where a tool has copied it', (_what, place) => {
    expect(decodeFinishedMap(encode(ONE).metadata, place).problem).toMatch(/another place/);
  });

  it('costs no more than its length, whatever bits stand behind a good checksum', () => {
    const random = seededRandom(7);
    for (let run = 0; run < 2_000; run++) {
      const bits = Buffer.from(Array.from({ length: 12 + random.integer(60) }, () => random.integer(256)));
      const { map, problem } = decodeFinishedMap(withChecksum(bits), PLACE);
      expect((map === undefined) !== (problem === undefined)).toBe(true);
      if (map !== undefined) expect(map.runs.length + map.partial.size).toBeLessThan(bits.length * 8);
    }
  });
});

const runAt = (from: bigint, records: bigint): FinishedRun => ({ from, to: from + records });

const withChecksum = (bits: Buffer): string => {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(checksumOf(bits, PLACE));
  return `f1.${Buffer.concat([checksum, bits]).toString('base64url')}`;
};

const randomMap = (random: SeededRandom): FinishedMap => {
  const runs: FinishedRun[] = [];
  const partial = new Map<bigint, CallMarks>();
  const scale = 1 + random.integer(400);
  let at = PLACE.offset;
  for (let pieces = 1 + random.integer(40); pieces > 0; pieces--) {
    at += BigInt(1 + random.integer(scale));
    if (random.integer(3) === 0) partial.set(at++, randomMarks(random));
    else {
      const run = runAt(at, BigInt(1 + random.integer(scale)));
      runs.push(run);
      at = run.to;
    }
  }
  const latestMs = random.integer(2 ** 31) * 1_000;
  const timestampMs = Math.max(0, latestMs - random.integer(100_000));
  const anchor = random.integer(4) === 0 ? undefined : { offset: PLACE.offset, timestampMs };
  return new FinishedMap({ runs, partial, latestMs, anchor });
};

const randomMarks = (random: SeededRandom): CallMarks => {
  const marks = marksOf(random.integer(3_000));
  for (let count = random.integer(200); count > 0; count--) marks.add(random.integer(300));
  return marks;
};
