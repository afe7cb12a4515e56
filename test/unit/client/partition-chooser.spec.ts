import { PartitionChooser, partitionOfKey } from '../../../lib/client/partition-chooser.js';

/** With so many partitions, the partition is the hash without its sign. */
const ALL_PARTITIONS = 2 ** 31;

const nothingWaits = (): boolean => false;

describe('the partition of a key', () => {
  it.each([
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
    ['abc', 479_470_107],
  ])('follows from Kafka’s own hash: murmur2 of "%s" is %i', (key, hash) => {
    expect(partitionOfKey(Buffer.from(key), ALL_PARTITIONS)).toBe(hash & 0x7fffffff);
    expect(partitionOfKey(Buffer.from(key), 12)).toBe((hash & 0x7fffffff) % 12);
  });

  it('is the same for keys of every length, wherever their bytes stand in memory', () => {
    for (let length = 0; length < 20; length++) {
      const key = Buffer.from(Array.from({ length }, (_, i) => 0xff - i));
      const elsewhere = Buffer.concat([Buffer.from('x'), key]).subarray(1);
      expect(partitionOfKey(elsewhere, 8)).toBe(partitionOfKey(key, 8));
      expect(partitionOfKey(key, 8)).toBeLessThan(8);
    }
  });

  it('is taken whatever is open there', () => {
    const chooser = new PartitionChooser(8, nothingWaits);
    const key = Buffer.from('abc');
    const chosen = Array.from({ length: 20 }, () => chooser.choose(key));
    expect(new Set(chosen)).toEqual(new Set([partitionOfKey(key, 8)]));
  });
});

describe('the partition of a call without a key', () => {
  const choose = (chooser: PartitionChooser, count: number): number[] =>
    Array.from({ length: count }, () => chooser.choose(null));

  it('takes turns while all are open alike', () => {
    expect(choose(new PartitionChooser(3, nothingWaits), 7)).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  it('takes turns also when every call is over before the next', () => {
    const chooser = new PartitionChooser(3, nothingWaits);
    const chosen = Array.from({ length: 6 }, () => {
      const partition = chooser.choose(null);
      chooser.release(partition);
      return partition;
    });
    expect(chosen).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('is the one with the fewest open calls', () => {
    const chooser = new PartitionChooser(3, nothingWaits);
    choose(chooser, 6);
    chooser.release(1);
    chooser.release(1);
    chooser.release(2);
    expect(choose(chooser, 3)).toEqual([1, 2, 1]);
  });

  it('avoids the one on which calls with a key pile up', () => {
    const chooser = new PartitionChooser(3, nothingWaits);
    const busy = chooser.choose(Buffer.from('abc'));
    chooser.choose(Buffer.from('abc'));
    expect(choose(chooser, 4)).not.toContain(busy);
  });

  it('is always the only one there is', () => {
    expect(choose(new PartitionChooser(1, nothingWaits), 5)).toEqual([0, 0, 0, 0, 0]);
  });

  describe('once answers have told which server reads it', () => {
    const [A, B, C] = [1, 2, 3].map((byte) => Buffer.alloc(16, byte)) as [Buffer, Buffer, Buffer];

    let filling: ReadonlySet<number>;

    beforeEach(() => {
      filling = new Set();
    });

    const known = (...servers: readonly Buffer[]): PartitionChooser => {
      const chooser = new PartitionChooser(servers.length, (partition) => filling.has(partition));
      servers.forEach((server, partition) => chooser.learn(partition, server));
      return chooser;
    };

    it('takes turns among those of a server while nothing waits', () => {
      expect(choose(known(A, A, A), 7)).toEqual([0, 1, 2, 0, 1, 2, 0]);
    });

    it('stays the same while its record is being filled, and then is another of the same server', () => {
      const chooser = known(A, A, A);
      const [first] = choose(chooser, 1);
      filling = new Set([first!]);
      expect(new Set(choose(chooser, 100))).toEqual(filling);
      filling = new Set();
      expect(choose(chooser, 2)).not.toContain(first);
    });

    it('is of each server alike, however many partitions each has and whatever waits', () => {
      const chooser = known(A, A, A, B);
      filling = new Set([0, 1, 2, 3]);
      expect(choose(chooser, 40).filter((partition) => partition === 3)).toHaveLength(20);
    });

    it('is of the server with the fewest open calls', () => {
      const chooser = known(A, A, B, B);
      const chosen = choose(chooser, 20);
      for (const partition of chosen.filter((each) => each < 2)) chooser.release(partition);
      expect(choose(chooser, 10).every((partition) => partition < 2)).toBe(true);
    });

    it('leaves the one on which calls pile up as soon as its record has left', () => {
      const chooser = known(A, A);
      const [stuck] = choose(chooser, 1);
      filling = new Set([stuck!]);
      choose(chooser, 15);
      filling = new Set();
      expect(new Set(choose(chooser, 16))).toEqual(new Set([1 - stuck!]));
    });

    it('follows a partition that moves to another server, with the calls that are open there', () => {
      const chooser = known(A, A, B, B);
      const chosen = choose(chooser, 40);
      for (let partition = 0; partition < 4; partition++) chooser.learn(partition, C);
      expect(new Set(choose(chooser, 64))).toEqual(new Set([0, 1, 2, 3]));
      for (const partition of chosen) chooser.release(partition);
      chooser.learn(0, A);
      // 64 calls are open on what C reads, but for those on partition 0.
      expect(new Set(choose(chooser, 10))).toEqual(new Set([0]));
    });
  });
});
