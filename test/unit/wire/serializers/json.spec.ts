import { RpcError } from '../../../../lib/errors/rpc-error.js';
import { json } from '../../../../lib/wire/serializers/json.js';

const serializer = json();
const roundTrip = (value: unknown) => serializer.deserialize(serializer.serialize(value));

describe('json()', () => {
  it.each([[null], [0], [''], ['é€𝄞'], [true], [[1, [2]]], [{ a: { b: [] } }]])('brings back %j', (value) => {
    expect(roundTrip(value)).toEqual(value);
  });

  it('brings back undefined, as no bytes', () => {
    expect(serializer.serialize(undefined)).toHaveLength(0);
    expect(roundTrip(undefined)).toBeUndefined();
  });

  it('follows the rules of JSON.stringify', () => {
    expect(roundTrip({ at: new Date(0), nan: NaN, left: undefined, map: new Map([[1, 2]]) })).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      nan: null,
      map: {},
    });
  });

  it.each<[string, () => unknown]>([
    ['a BigInt', () => 1n],
    [
      'a cycle',
      () => {
        const list: unknown[] = [];
        list.push(list);
        return list;
      },
    ],
  ])('refuses to send %s', (_name, make) => {
    expect(() => serializer.serialize(make())).toThrow(RpcError);
  });

  it.each([['{'], ['{"card": 4111111111111111'], ['[1] 2'], ['\uFEFF1'], [' ']])(
    'refuses %j with a typed error that does not quote it',
    (text) => {
      const read = () => serializer.deserialize(Buffer.from(text));
      expect(read).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT' }));
      expect(read).toThrow(`Not a JSON value (${Buffer.byteLength(text)} bytes).`);
    },
  );

  it('keeps a received __proto__ as an own property', () => {
    const back = serializer.deserialize(Buffer.from('{"__proto__":{"x":1}}')) as { x?: unknown };
    expect(Object.hasOwn(back, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect([back.x, ({} as { x?: unknown }).x]).toEqual([undefined, undefined]);
  });

  it('reads a million nested arrays without running out of stack', () => {
    const deep = '['.repeat(1_000_000);
    expect(() => serializer.deserialize(Buffer.from(deep))).toThrow(RpcError);
    expect(serializer.deserialize(Buffer.from(deep + ']'.repeat(1_000_000)))).toHaveLength(1);
  });
});
