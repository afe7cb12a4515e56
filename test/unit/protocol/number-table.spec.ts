import { Numbered, NumberTable } from '../../../lib/protocol/number-table.js';

class Item extends Numbered {
  constructor(readonly name: string) {
    super();
  }
}

const filled = (numbers: readonly number[]): NumberTable<Item> => {
  const table = new NumberTable<Item>();
  for (const number of numbers) table.set(number, new Item(String(number)));
  return table;
};

const count = (until: number): number[] => Array.from({ length: until }, (_, at) => at);

describe('a table of numbered items', () => {
  it('gives each item by its number, however many there are', () => {
    const table = filled(count(1_000));
    expect(count(1_000).map((number) => table.get(number)?.name)).toEqual(count(1_000).map(String));
    expect(table.size).toBe(1_000);
    expect(table.get(1_000)).toBeUndefined();
  });

  it('tells numbers apart that fall on the same slot, also those beyond 32 bits', () => {
    const numbers = [3, 3 + 16, 3 + 2 ** 32, 3 + 2 ** 40, -1];
    const table = filled(numbers);
    expect(numbers.map((number) => table.get(number)?.name)).toEqual(numbers.map(String));
  });

  it.each([[0], [1], [2]])('takes out item %i of those that share a slot, and no other', (at) => {
    const numbers = [5, 5 + 16, 5 + 32];
    const table = filled(numbers);
    const [taken] = numbers.splice(at, 1) as [number];
    const item = table.get(taken);
    expect(table.delete(taken)).toBe(true);
    expect(table.delete(taken)).toBe(false);
    expect(item?.tableNext).toBeUndefined();
    expect(numbers.map((number) => table.get(number)?.name)).toEqual(numbers.map(String));
  });

  it('becomes small again, and loses nothing on the way', () => {
    const table = filled(count(10_000));
    for (const number of count(9_990)) table.delete(number);
    const names = table.values().map(({ name }) => name);
    expect(names.sort()).toEqual(count(10_000).slice(9_990).map(String));
    expect((table as unknown as { slots: unknown[] }).slots.length).toBe(1_024);
  });

  it('lets items go while all are looked through', () => {
    const table = filled(count(100));
    for (const { tableNumber } of table.values()) table.delete(tableNumber);
    expect([table.size, table.values()]).toEqual([0, []]);
  });

  it('agrees with a Map over any comings and goings', () => {
    const [table, map] = [new NumberTable<Item>(), new Map<number, Item>()];
    let seed = 1;
    for (let step = 0; step < 20_000; step++) {
      seed = (seed * 48_271) % 2_147_483_647;
      const number = seed % 500;
      const item = new Item(String(step));
      if (map.has(number)) expect(table.delete(number)).toBe(map.delete(number));
      else table.set(number, (map.set(number, item), item));
    }
    expect(new Set(table.values())).toEqual(new Set(map.values()));
    expect(table.size).toBe(map.size);
  });

  describe('whose numbers a stranger chose', () => {
    it.each([
      ['2^32 apart', (at: number) => at * 2 ** 32],
      ['2^20 apart', (at: number) => at * 2 ** 20],
      ['with the same bits at the end of both words', (at: number) => (at % 64) * 2 ** 40 + at * 2 ** 16],
    ])('finds as fast among numbers %s as among others', (_what, numberAt) => {
      const numbers = count(20_000).map(numberAt);
      const table = filled(numbers);
      const chains = (table as unknown as { slots: (Item | undefined)[] }).slots.map(chainLength);
      expect(Math.max(...chains)).toBeLessThanOrEqual(24);
      expect(numbers.every((number) => table.get(number)?.name === String(number))).toBe(true);
      for (const number of numbers) table.delete(number);
      expect(table.size).toBe(0);
    });

    it('spreads two such tables differently', () => {
      const slotsOf = (factor: number): number[] => {
        const table = new NumberTable<Item>(() => factor);
        for (const at of count(100)) table.set(at * 2 ** 32, new Item(String(at)));
        return (table as unknown as { slots: (Item | undefined)[] }).slots.map(chainLength);
      };
      expect(slotsOf(123_456_789)).not.toEqual(slotsOf(987_654_321));
    });
  });
});

const chainLength = (first: Numbered | undefined): number => {
  let length = 0;
  for (let item = first; item !== undefined; item = item.tableNext) length += 1;
  return length;
};
